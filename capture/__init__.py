"""Everything between the phone and the disk: sources, the stand-in phone, recordings. Imports neither model nor app."""
