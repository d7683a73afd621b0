"""A ZIP from anyone: its members' bytes by name, in bounded memory. Nothing is ever extracted to a path of its own.

What makes a ZIP dangerous, and why it is not here: names that lead out of a folder and links are only names that nobody
asks for; a member that says it is small and inflates without end is inflated to the size it says and no further.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from capture.errors import LidarliveError

MAX_MEMBER_BYTES = 64 << 20  # hundreds of times the largest seen; a ZIP may claim anything of what it inflates to
MAX_DIRECTORY_BYTES = 24 << 20  # 100,000 frames of three members; zipfile takes some ten times that in memory
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of the others zipfile inflates as much as there is, all at once
ZIP_START = b"PK\x03\x04"  # of a ZIP that has a member
# RuntimeError: a member that is encrypted; struct.error, IndexError: extra fields that are none
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, IndexError)


class Archive:
    """A ZIP opened for reading. `names` are those of its members. Raises LidarliveError where it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if not path.is_file() and path.exists():  # a pipe would be waited for
                raise LidarliveError(f"{path} is not a Record3D file (it is no file)")
            self._file = _BoundedFile(path)
        except FileNotFoundError:
            raise LidarliveError(f"{path} does not exist") from None
        except OSError as error:
            raise LidarliveError(f"{path} cannot be read ({error.strerror})") from None
        try:
            self._zip = zipfile.ZipFile(self._file)
        except _UNREADABLE as error:
            cut = self._begins_like_one()
            self._file.close()
            raise LidarliveError(
                f"{path} is cut short, or damaged at its end, where a ZIP has its table of contents ({error}). Copy it "
                "from the phone again"
                if cut
                else f"{path} is not a Record3D file (no ZIP that can be read): {error}"
            ) from None
        self._file.most_bytes = MAX_MEMBER_BYTES
        self.names = frozenset(self._zip.namelist())

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        """The member's bytes, whose checksum fits. Raises LidarliveError, naming it, where they cannot be had."""
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            raise self._fault(name, "is missing. Export the recording from Record3D again") from None
        size = max(member.file_size, member.compress_size)
        if size > most_bytes:
            raise self._fault(name, f"must have at most {most_bytes} bytes. Received: {size}")
        if member.compress_type not in PACKED:
            raise self._fault(name, f"must be stored or deflated. Received: method {member.compress_type}")
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size)  # a bare read() would inflate up to 2 GiB before it is cut
        except _UNREADABLE as error:
            raise self._fault(name, f"cannot be read: {error}") from None
        if len(data) != member.file_size:
            raise self._fault(name, f"must inflate to {member.file_size} bytes. Received: {len(data)}")
        return data

    def _begins_like_one(self) -> bool:
        self._file.seek(0)
        return self._file.read(len(ZIP_START)) == ZIP_START

    def _fault(self, name: str, message: str) -> LidarliveError:
        return LidarliveError(f"{self._path}: {name}: {message}")


class _BoundedFile(io.BufferedReader):
    """Reads no more than `most_bytes` at once: zipfile asks for a whole table of contents, however large it claims."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.most_bytes = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.most_bytes:
            raise zipfile.BadZipFile(f"must have parts of at most {self.most_bytes} bytes. Received: {size}")
        return super().read(size)
