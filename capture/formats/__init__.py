"""Import from and export to the formats of other programs: one file per reader or writer, listed in `registry`."""
