"""Image files of any camera: reading them, and drawing a prediction beside one."""
