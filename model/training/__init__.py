"""Train a preset: checks before, the training loop, checkpoints, and the files of the new version."""
