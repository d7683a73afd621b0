"""The network presets and what each is made of."""
