"""`lidarlive bench motion`: what scale from motion gains on recordings, and what faults of the poses cost."""
