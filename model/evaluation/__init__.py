"""Measure a version on recordings, and compare two versions on the same frames."""
