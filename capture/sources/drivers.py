"""Registry of the drivers that read a phone's stream."""

from __future__ import annotations

from capture.errors import LidarliveError
from capture.sources.native import NativeSource
from capture.sources.phone import PhoneSource
from capture.sources.record3d.driver import Record3dSource, package_installed

DRIVERS: dict[str, type[PhoneSource]] = {Record3dSource.name: Record3dSource, NativeSource.name: NativeSource}


def phone_driver(name: str | None = None) -> type[PhoneSource]:
    """Return the driver called `name`; None selects the `record3d` package if it is installed, else our own parser.

    Raises LidarliveError if the driver is unknown or not installed.
    """
    if name is None:
        return Record3dSource if package_installed() else NativeSource
    if name not in DRIVERS:
        raise LidarliveError(f"--driver must be {' or '.join(DRIVERS)}. Received: {name!r}")
    if DRIVERS[name] is Record3dSource and not package_installed():
        raise LidarliveError("the package record3d is not installed: use --driver native, or `pip install record3d`")
    return DRIVERS[name]
