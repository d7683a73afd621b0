"""The live session without Qt: what is shown, as arrays and text."""
