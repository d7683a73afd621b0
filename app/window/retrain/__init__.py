"""The Retrain dialog: set up, watch, compare."""
