"""`lidarlive bench model`: networks trained on the same frames for the same processor time, then measured alike."""
