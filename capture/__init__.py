"""Everything between the phone and the disk: sources, the stand-in phone, recordings. Knows neither model nor app."""
