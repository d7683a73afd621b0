"""Versions of the software that a recording or a weights version was made with."""

from __future__ import annotations

import platform
from importlib import metadata

NOT_INSTALLED = "not installed"


def software_versions(*packages: str) -> dict[str, str]:
    """Version of Python and of each package, in this order; NOT_INSTALLED where there is none."""
    return {"python": platform.python_version(), **{package: package_version(package) for package in packages}}


def package_version(package: str) -> str:
    """The installed version of one package, or NOT_INSTALLED."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
