"""Connections to usbmuxd, and remedies for what can be wrong with them."""
