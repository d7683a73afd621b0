"""Films of apps that record a video instead of JPEG files: decode their pictures, and pair these with other data."""
