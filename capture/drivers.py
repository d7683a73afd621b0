"""Which driver a phone gets on this computer."""

from __future__ import annotations

from capture.native import NativeSource
from capture.phone_source import PhoneSource
from capture.usb import UsbSource, package_installed


def driver() -> type[PhoneSource]:
    """The official `record3d` package where it is installed, else our own parser of the same stream."""
    return UsbSource if package_installed() else NativeSource
