"""Read at what time an MP4 shows each of its pictures, from its own tables, without decoding any.

ISO/IEC 14496-12: boxes (4.2), time to sample (8.6.1.2), composition offset (8.6.1.3), edit list (8.6.6). A table counts
samples and may state any number of them, so all sizes are bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_TABLES_BYTES = 64 << 20  # of `moov`, the box with all tables; an hour at 60 pictures a second takes 2 MB
MAX_PICTURES = 1 << 20  # five hours at 60 a second
MAX_BOXES = 1000  # on one level; a phone's film has fewer than ten
_HEADER = struct.Struct(">I4s")
_PARENTS = (b"mdia", b"minf", b"stbl", b"edts")
Floats = NDArray[np.float64]


class FilmTimes(NamedTuple):
    """Times of the pictures of a film.

    pictures_s  float64 (n,), ascending: seconds from the first picture in the file, even if an edit list hides that
    delay_s     how long after the beginning of the film the first picture is shown, if an edit list delays it; else 0
    """

    pictures_s: Floats
    delay_s: float


def read_times(path: Path) -> FilmTimes | None:
    """Return the times of the first video track; None if the file has no such tables, or they are damaged.

    Raises OSError if the file cannot be read.
    """
    try:
        tables = _read_tables(path)
        return None if tables is None else _times(tables)
    except (struct.error, ValueError, ZeroDivisionError, KeyError):
        return None


def _read_tables(path: Path) -> bytes | None:
    """Return the contents of `moov`."""
    with path.open("rb") as file:
        for _ in range(MAX_BOXES):
            start = file.tell()
            size, name = _HEADER.unpack(file.read(_HEADER.size))
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8))
            if name == b"moov":
                return file.read(size - (file.tell() - start)) if _HEADER.size < size <= MAX_TABLES_BYTES else None
            if size < _HEADER.size or start + size >= 1 << 62:  # 0: to the end of the file
                return None
            file.seek(start + size)
    return None


def _times(tables: bytes) -> FilmTimes:
    movie_scale = 0
    for name, body in _boxes(tables):
        if name == b"mvhd":
            movie_scale = _time_scale(body)
        if name == b"trak":
            track = dict(_below(body))
            if track[b"hdlr"][8:12] == b"vide":
                scale = _time_scale(track[b"mdhd"])
                shown = np.sort(_shown(track[b"stts"], track.get(b"ctts")))
                return FilmTimes((shown - shown[0]) / scale, _delay(track.get(b"elst")) / movie_scale)
    raise ValueError("no video track")


def _shown(durations: bytes, offsets: bytes | None) -> NDArray[np.int64]:
    """Return when each picture is shown, int64 (n,) units, in the order in which they are decoded."""
    counts, units = _pairs(durations)
    steps = _repeated(units, counts)
    if not len(steps):
        raise ValueError("no pictures")
    decoded = np.cumsum(steps) - steps
    if offsets is None:
        return decoded
    counts, units = _pairs(offsets)
    late = _repeated(units, counts)
    if len(late) != len(decoded):
        raise ValueError("another number of offsets than of pictures")
    return decoded + late


def _pairs(table: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the two columns of a table of 32-bit numbers; the second may be negative."""
    (entries,) = struct.unpack_from(">I", table, 4)
    if entries * 8 > len(table) - 8:
        raise ValueError("a table longer than its box")
    rows = np.frombuffer(table, ">i4", entries * 2, offset=8).astype(np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _repeated(values: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    if (counts < 0).any() or counts.sum() > MAX_PICTURES:
        raise ValueError("more pictures than a film can have")
    return np.repeat(values, counts)


def _delay(edits: bytes | None) -> int:
    """Return how long an edit list shows nothing at its beginning, in units of the movie; its media time is then -1."""
    if edits is None:
        return 0
    entries = struct.unpack_from(">I", edits, 4)[0]
    if not entries:
        return 0
    duration, media_time = struct.unpack_from(">Qq" if edits[0] == 1 else ">Ii", edits, 8)
    return int(duration) if media_time == -1 else 0


def _time_scale(header: bytes) -> int:
    """Return the units per second of `mvhd` or `mdhd`, whose times before it are longer in version 1."""
    return int(struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)[0])


def _below(body: bytes, depth: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes of a track and those in its parents."""
    for name, inner in _boxes(body):
        if name in _PARENTS and depth < len(_PARENTS):
            yield from _below(inner, depth + 1)
        else:
            yield name, inner


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(body):
        size, name = _HEADER.unpack_from(body, offset)
        if size < _HEADER.size:
            raise ValueError("a box smaller than its header")
        yield name, body[offset + _HEADER.size : offset + size]
        offset += size
