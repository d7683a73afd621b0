"""The one error that a person can act on."""

from __future__ import annotations


class LidarliveError(Exception):
    """Something a person can act on: one clear line that ends in what to do. Never shown with a traceback."""


CaptureError = LidarliveError  # its name in 0.1; gone in 0.3
