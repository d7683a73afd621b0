"""The main thread's alternate signal stack, which a library that some tests load takes away without saying so.

A signal that is then heard, by Python's own handlers too, would end the whole run (seen on Linux after conversions by
OpenVINO, Keras and TensorFlow Lite in one process; which of them does it is not known).
"""

from __future__ import annotations

import ctypes
import sys

SS_DISABLE = 2


class _Stack(ctypes.Structure):
    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def use_the_ordinary_one() -> None:
    """From now on signals are handled on the thread's own stack."""
    if sys.platform == "linux":
        ctypes.CDLL(None).sigaltstack(ctypes.byref(_Stack(None, SS_DISABLE, 0)), None)
