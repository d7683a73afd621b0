"""The time line of a stream: which clock times each frame, and which frames are missing from it."""
