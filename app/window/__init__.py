"""The main window and everything in it; a folder for each panel."""
