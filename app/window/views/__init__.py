"""The views of a frame: image panels, point cloud, plots."""
