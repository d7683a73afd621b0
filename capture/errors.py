"""The error class for everything that the user can act on."""

from __future__ import annotations


class LidarliveError(Exception):
    """An error that the user can act on: one clear line that ends in what to do. Never shown with a traceback."""


CaptureError = LidarliveError  # the name in 0.1; to be removed in 0.3
