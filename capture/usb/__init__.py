"""Client of usbmuxd, the daemon that phones are connected through, and remedies for connection problems."""
