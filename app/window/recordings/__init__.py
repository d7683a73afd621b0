"""The recordings panel and playback."""
