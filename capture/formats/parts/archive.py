"""Read members of an untrusted ZIP by name, in bounded memory. Nothing is ever extracted to the file system.

Usual attacks and why they fail: names that lead out of a folder, and links, are only names that are never requested; a
member that expands without end is decompressed up to its stated size and no further.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from capture.errors import LidarliveError

MAX_MEMBER_BYTES = 64 << 20  # hundreds of times the largest member seen; a ZIP may state any decompressed size
MAX_DIRECTORY_BYTES = 24 << 20  # 100,000 frames of three members; zipfile takes about ten times that in memory
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods are decompressed without a limit by zipfile
ZIP_START = b"PK\x03\x04"  # first bytes of a ZIP with a member
# RuntimeError: an encrypted member; struct.error, IndexError: malformed extra fields
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, IndexError)


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
            cut = self._begins_like_one()
            self._file.close()
            raise LidarliveError(
                f"{path} is cut short, or damaged at its end, where a ZIP has its table of contents ({error}). Copy it "
                "from the phone again"
                if cut
                else f"{path} is not a Record3D file (not a readable ZIP): {error}"
            ) from None
        self._file.most_bytes = MAX_MEMBER_BYTES
        self.names = frozenset(self._zip.namelist())

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str, most_bytes: int = MAX_MEMBER_BYTES) -> bytes:
        """Return a member's bytes, checked by its checksum. Raises LidarliveError, naming it, if it is unreadable."""
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
                data = file.read(member.file_size)  # read() without a size may decompress up to 2 GiB first
        except _UNREADABLE as error:
            raise self._fault(name, f"cannot be read: {error}") from None
        if len(data) != member.file_size:
            raise self._fault(name, f"must decompress to {member.file_size} bytes. Received: {len(data)}")
        return data

    def _begins_like_one(self) -> bool:
        self._file.seek(0)
        return self._file.read(len(ZIP_START)) == ZIP_START

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
