"""Record3D's stream: bytes to frames and frames to bytes, without sockets, files or threads."""
