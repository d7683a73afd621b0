"""Record3D's bytes to frames and back: no socket, no file, no thread."""
