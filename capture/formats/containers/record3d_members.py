"""The members of a Record3D recording by their names in a `.r3d` file, wherever they are.

Record3D's file itself; the file unpacked to a folder; either of them packed again with a folder in front; and the app's
export "EXR + JPG": `metadata.json`, `rgb/N.jpg`, `depth/N.exr` (metres).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import lzfse

from capture.errors import LidarliveError
from capture.formats.containers.archive import MAX_MEMBER_BYTES, Archive
from capture.formats.parts.exr import decode_exr
from capture.storage.layout import read_file

METADATA = "metadata"
_FOLDER = "rgbd"
_EXR_METADATA = "metadata.json"
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,7})\.(jpg|exr)")


class Members(Protocol):
    """Files by the names that they have in a `.r3d` file."""

    @property
    def names(self) -> frozenset[str]: ...

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        """Return a member's bytes. Raises LidarliveError, naming it, if it is missing or unreadable."""
        ...

    def close(self) -> None: ...


def open_members(path: Path) -> Members:
    """Open a Record3D recording. Raises LidarliveError if it is none."""
    if is_exr_folder(path):
        return _ExrFolder(path)
    if is_unpacked(path):
        return _Folder(path)
    archive = Archive(path)
    before = folder_in_front(archive.names)
    return _Below(archive, before) if before else archive


def is_unpacked(path: Path) -> bool:
    """Whether it is a folder with the members of a `.r3d` file."""
    return (path / METADATA).is_file() and (path / _FOLDER).is_dir()


def is_exr_folder(path: Path) -> bool:
    """Whether it is an export "EXR + JPG"."""
    depth = path / "depth"
    has_folders = (path / _EXR_METADATA).is_file() and (path / "rgb").is_dir() and depth.is_dir()
    return has_folders and any(child.suffix.lower() == ".exr" for child in depth.iterdir())


def is_record3d(names: Iterable[str]) -> bool:
    """Whether an archive with these members is a Record3D recording, perhaps with a folder in front."""
    names = frozenset(names)
    before = folder_in_front(names)
    return any(name == before + METADATA or name.startswith(f"{before}{_FOLDER}/") for name in names)


def folder_in_front(names: Iterable[str]) -> str:
    """Return the one folder, with its `/`, that a recording was packed with; empty if there is none."""
    found = {name.removesuffix(METADATA) for name in names if name.endswith(f"/{METADATA}") and name.count("/") == 1}
    return found.pop() if len(found) == 1 and METADATA not in names else ""


class _Below:
    """The members of an archive below a folder in it."""

    def __init__(self, archive: Archive, before: str) -> None:
        self._archive, self._before = archive, before
        self.names = frozenset(name[len(before) :] for name in archive.names if name.startswith(before))

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        return self._archive.read(self._before + name, most_bytes)

    def close(self) -> None:
        self._archive.close()


class _Folder:
    """The members of a `.r3d` file that was unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names = frozenset({METADATA, *(f"{_FOLDER}/{child.name}" for child in (path / _FOLDER).iterdir())})

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        if name not in self.names:
            raise LidarliveError(f"{self._path}: {name}: is missing. Copy the recording again")
        return _read(self._path / name, most_bytes)

    def close(self) -> None:
        """Do nothing: no file stays open."""


class _ExrFolder:
    """The files of an export "EXR + JPG" as members of a `.r3d` file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = {METADATA: path / _EXR_METADATA}
        for folder, suffix, member in (("rgb", "jpg", "jpg"), ("depth", "exr", "depth")):
            for child in (path / folder).iterdir():
                match = _NUMBER.fullmatch(child.name.lower())
                if match and match[2] == suffix:
                    self._files[f"{_FOLDER}/{match[1]}.{member}"] = child
        self.names = frozenset(self._files)

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        if name not in self.names:
            raise LidarliveError(f"{self._path}: the file for {name} is missing. Export the recording again")
        data = _read(self._files[name], most_bytes)
        if not name.endswith(".depth"):
            return data
        try:
            return bytes(lzfse.compress(decode_exr(data).tobytes()))
        except ValueError as error:
            raise LidarliveError(f"{self._files[name]} {error}") from None

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        return read_file(path, most_bytes)
    except ValueError as error:
        raise LidarliveError(f"{path} {error}") from None
