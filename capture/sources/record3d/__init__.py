"""The driver over the official `record3d` package, which runs in a child process."""
