"""Recordings to training batches: split, select, augment, compute targets."""
