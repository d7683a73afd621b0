"""Examine recordings: are the files whole, do the frames make sense, what do they show."""
