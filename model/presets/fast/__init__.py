"""Preset `fast`: two small networks over one frozen ImageNet encoder."""
