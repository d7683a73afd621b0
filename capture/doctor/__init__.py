"""Diagnose the connection to a phone, step by step, from usbmuxd to a sample of the stream."""
