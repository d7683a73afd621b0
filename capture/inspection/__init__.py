"""Examine recordings: are the files intact, are the frames plausible, what do they show."""
