"""`lidarlive bench capture`: real programs on the stand-in phone, measured from outside."""
