"""Find the data sets in what a person wants to import: a data set, a folder of them, or an archive of either."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from capture.errors import LidarliveError
from capture.formats.containers.archive import ZIP_START, Archive
from capture.formats.containers.record3d_members import is_record3d
from capture.formats.parts.natural_order import natural_key
from capture.storage.layout import is_recording

SPARE_BYTES = 64 << 20  # that unpacking leaves free, as recordings do
MAX_FOLDERS = 4  # that a data set may be packed below
_NOT_OURS = "__MACOSX"  # where macOS keeps what only it needs
IsDataSet = Callable[[Path], bool]


@dataclass(frozen=True)
class DataSets:
    """What was found in `source`. `unpacked`: the folder to which an archive was unpacked; None if there was none."""

    source: Path
    paths: tuple[Path, ...]
    unpacked: Path | None = None

    def in_words(self, text: str) -> str:
        """Return a message about a file in the archive with the archive's path instead of the temporary one."""
        return text if self.unpacked is None else text.replace(str(self.unpacked), str(self.source))


@contextmanager
def open_data_sets(source: Path, is_data_set: IsDataSet, work: Path) -> Iterator[DataSets]:
    """Find the data sets in a file or folder; one at least, which may turn out to be of no known format.

    An archive that is not a data set itself is unpacked to a temporary folder in `work` or the nearest folder above it.

    Raises LidarliveError if an archive cannot be read or unpacked, OSError if a folder cannot be read.
    """
    if not _is_other_archive(source):
        yield DataSets(source, _found(source, is_data_set))
        return
    nearest = next(folder for folder in (work.absolute(), *work.absolute().parents) if folder.is_dir())
    with tempfile.TemporaryDirectory(dir=nearest, prefix=".import-") as temporary:
        root = Path(temporary) / source.stem
        unpack(source, root)
        folder = root
        for _ in range(MAX_FOLDERS):
            inside = _visible(folder)
            if is_data_set(folder) or len(inside) != 1 or not inside[0].is_dir():
                break
            folder = inside[0]
        paths = _found(folder, is_data_set)
        if paths == (folder,) and not is_data_set(folder):
            names = ", ".join(child.name for child in _visible(folder)) or "nothing"
            raise LidarliveError(f"{source} is a ZIP without a data set that can be imported. It holds: {names:.200}")
        yield DataSets(source, paths, root)


def unpack(source: Path, target: Path) -> None:
    """Unpack the regular files of an archive below `target`.

    Raises LidarliveError if a file cannot be read, would leave `target`, or all of them need more than the free space.
    """
    archive = Archive(source)
    try:
        names = [name for name in sorted(archive.names) if not name.endswith("/") and not _is_hidden(name)]
        if outside := next((name for name in names if not _is_within(name)), None):
            raise LidarliveError(f"{source}: its files must be below it. Received: {outside!r:.80}")
        needed, free = sum(map(archive.size, names)), shutil.disk_usage(target.parent).free
        if needed > free - SPARE_BYTES:
            raise LidarliveError(
                f"{source} must be unpacked, which takes {needed / 1e9:.1f} GB. Free some space, or unpack it "
                f"elsewhere and import the folder. Received: {free / 1e9:.1f} GB free"
            )
        target.mkdir()
        for name in names:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            archive.extract(name, path)
    except OSError as error:
        raise LidarliveError(f"{source} cannot be unpacked ({error.strerror or error})") from None
    finally:
        archive.close()


def _found(path: Path, is_data_set: IsDataSet) -> tuple[Path, ...]:
    if not path.is_dir() or is_recording(path) or is_data_set(path):
        return (path,)
    children = tuple(child for child in _visible(path) if is_data_set(child) and not is_recording(child))
    return children or (path,)


def _visible(folder: Path) -> list[Path]:
    children = (child for child in folder.iterdir() if not _is_hidden(child.name))
    return sorted(children, key=lambda child: natural_key(child.name))


def _is_hidden(name: str) -> bool:
    return name.startswith(_NOT_OURS) or any(part.startswith(".") and part != ".." for part in name.split("/"))


def _is_within(name: str) -> bool:
    parts = (PurePosixPath(name), PureWindowsPath(name))
    return not any(path.drive or path.root or ".." in path.parts for path in parts)


def _is_other_archive(path: Path) -> bool:
    """Whether it is a ZIP, intact at its end, that is not a Record3D recording."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(len(ZIP_START)) != ZIP_START:
            return False
    try:
        archive = Archive(path)
    except LidarliveError:  # reported by the reader of Record3D files
        return False
    archive.close()
    return not is_record3d(archive.names)
