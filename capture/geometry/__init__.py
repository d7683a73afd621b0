"""Poses, gravity, and pixels to points in space."""
