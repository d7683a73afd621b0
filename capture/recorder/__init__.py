"""Record a live stream to disk: encoder threads, one writer thread, and the status of both."""
