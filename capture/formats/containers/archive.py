"""Read members of an untrusted ZIP by name, in bounded memory.

Usual attacks and why they fail: names that lead out of a folder, and links, are only names that are never requested; a
member that expands without end is decompressed up to its stated size and no further.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from capture.errors import LidarliveError

MAX_MEMBER_BYTES = 64 << 20  # hundreds of times the largest member seen; a ZIP may state any decompressed size
MAX_DIRECTORY_BYTES = 24 << 20  # 100,000 frames of three members; zipfile takes about ten times that in memory
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods are decompressed without a limit by zipfile
ZIP_START = b"PK\x03\x04"  # first bytes of a ZIP with a member
WEB_PAGE_BYTES = 1024  # within which a web page names itself
COPIED_BYTES = 1 << 20  # at once, when a member is written to a file
# RuntimeError: an encrypted member; struct.error, IndexError: malformed extra fields
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, IndexError)
_UNREADABLE = (*_DAMAGED, OSError)


class Archive:
    """A ZIP opened for reading; `names` of its members. Raises LidarliveError if the file is not a ZIP."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if not path.is_file() and path.exists():  # opening a pipe would block
                raise LidarliveError(f"{path} is not a Record3D file (not a regular file)")
            self._file = _BoundedFile(path)
        except FileNotFoundError:
            raise LidarliveError(f"{path} does not exist") from None
        except OSError as error:
            raise LidarliveError(f"{path} cannot be read ({error.strerror})") from None
        try:
            self._zip = zipfile.ZipFile(self._file)
        except _UNREADABLE as error:
            what = self._describe(error)
            self._file.close()
            raise LidarliveError(f"{path} {what}") from None
        self._file.most_bytes = MAX_MEMBER_BYTES
        self.names = frozenset(self._zip.namelist())

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def size(self, name: str) -> int:
        """Return how many bytes a member states to have."""
        return self._zip.getinfo(name).file_size

    def extract(self, name: str, path: Path) -> None:
        """Write a member of any size to a new file. Raises LidarliveError if it is unreadable, OSError for the file."""
        member = self._member(name)
        with path.open("xb") as out:
            try:
                with self._zip.open(member) as file:
                    left = member.file_size
                    while data := self._read_some(file, left):
                        out.write(data)
                        left -= len(data)
            except _DAMAGED as error:
                raise self._fault(name, f"cannot be read: {error}") from None
            if left:
                raise self._fault(name, f"must decompress to {member.file_size} bytes. Received: {left} fewer")

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        """Return a member's bytes, checked by its checksum. Raises LidarliveError, naming it, if it is unreadable."""
        member = self._member(name)
        size = max(member.file_size, member.compress_size)
        if size > most_bytes:
            raise self._fault(name, f"must have at most {most_bytes} bytes. Received: {size}")
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size)  # read() without a size may decompress up to 2 GiB first
        except _UNREADABLE as error:
            raise self._fault(name, f"cannot be read: {error}") from None
        if len(data) != member.file_size:
            raise self._fault(name, f"must decompress to {member.file_size} bytes. Received: {len(data)}")
        return data

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            raise self._fault(name, "is missing. Export the recording from Record3D again") from None
        if member.compress_type not in PACKED:
            raise self._fault(name, f"must be stored or deflated. Received: method {member.compress_type}")
        return member

    @staticmethod
    def _read_some(file: IO[bytes], left: int) -> bytes:
        return file.read(min(left, COPIED_BYTES)) if left else b""

    def _describe(self, error: Exception) -> str:
        """Return what the file is instead of a ZIP."""
        self._file.seek(0)
        start = self._file.read(WEB_PAGE_BYTES)
        if not start:
            return "is not a Record3D file: it is empty. Copy it from the phone again"
        if start.startswith(ZIP_START):
            return (
                f"is cut short, or damaged at its end, where a ZIP has its table of contents ({error}). Copy it from "
                "the phone again"
            )
        if b"<html" in start.lower():
            return "is not a Record3D file: it is a web page, perhaps the answer to a download. Download it again"
        return f"is not a Record3D file (not a readable ZIP): {error}"

    def _fault(self, name: str, message: str) -> LidarliveError:
        return LidarliveError(f"{self._path}: {name}: {message}")


class _BoundedFile(io.BufferedReader):
    """File that reads at most `most_bytes` at once: zipfile reads a table of contents of whatever size it states."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.most_bytes = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.most_bytes:
            raise zipfile.BadZipFile(f"its parts must have at most {self.most_bytes} bytes. Received: {size}")
        return super().read(size)
