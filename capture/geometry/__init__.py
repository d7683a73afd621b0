"""Geometry of cameras: distances between poses, direction of gravity, pixels to points in space."""
