"""Choose a source, and wait for a phone."""
