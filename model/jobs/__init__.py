"""Run a job in a child process that answers in events."""
