"""Time stamps in the tables of an MP4: gaps, edit lists, reordered pictures, and damaged tables."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.formats.film.mp4_times import FilmTimes, read_times
from tests.support.foreign import edit, film, retime


def stamps(path: Path) -> tuple[list[float], float]:
    """In sixtieths of a second."""
    times = read_times(path)
    assert times is not None
    return (times.pictures_s * 60).round(6).tolist(), round(times.delay_s * 60, 6)


def test_a_steady_film(tmp_path: Path):
    assert stamps(film(tmp_path / "a.mp4", 4)) == ([0, 1, 2, 3], 0)


def test_a_gap_stays_a_gap(tmp_path: Path):
    assert stamps(retime(film(tmp_path / "a.mp4", 4), [0, 1, 5, 6])) == ([0, 1, 5, 6], 0)


def test_a_hidden_first_picture_counts(tmp_path: Path):
    assert stamps(edit(film(tmp_path / "a.mp4", 4), (50, 1))) == ([0, 1, 2, 3], 0)


def test_a_film_that_begins_late(tmp_path: Path):
    assert stamps(edit(film(tmp_path / "a.mp4", 4), (50, -1), (67, 0))) == ([0, 1, 2, 3], 3)


def box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), name) + body


def tables(durations: list[tuple[int, int]], offsets: list[tuple[int, int]], handler: bytes = b"vide") -> bytes:
    """A whole MP4 without pictures: 600 units a second, and version 1 of the headers, with times of 64 bits."""
    pairs = {
        name: box(name, struct.pack(">II", 0, len(rows)), *(struct.pack(">Ii", *row) for row in rows))
        for name, rows in ((b"stts", durations), (b"ctts", offsets))
    }
    header = struct.pack(">B3xQQIQ", 1, 0, 0, 600, 0)
    media = box(
        b"mdia", box(b"mdhd", header), box(b"hdlr", bytes(8) + handler), box(b"minf", box(b"stbl", *pairs.values()))
    )
    sound = box(b"trak", box(b"mdia", box(b"mdhd", header), box(b"hdlr", bytes(8) + b"soun")))
    return (
        box(b"ftyp", b"isom") + box(b"mdat", bytes(99)) + box(b"moov", box(b"mvhd", header), sound, box(b"trak", media))
    )


def test_pictures_are_in_the_order_in_which_they_are_shown(tmp_path: Path):
    """Decoded as 0 3 1 2: those between are made of their neighbours."""
    (tmp_path / "a.mp4").write_bytes(tables([(4, 10)], [(1, 10), (1, 30), (2, 0)]))
    assert stamps(tmp_path / "a.mp4") == ([0, 1, 2, 3], 0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        box(b"ftyp", b"isom"),
        tables([], []),
        tables([(4, 10)], [(3, 0)]),
        tables([(4, 10)], [(4, 0)], handler=b"soun"),
        tables([(0x7FFFFFFF, 1)] * 3, [(1, 0)]),
        tables([(4, 10)], [(4, 0)])[:-3],
        struct.pack(">I4sQ", 1, b"moov", 1 << 60),
    ],
    ids=["empty", "no tables", "no pictures", "offsets", "sound", "too many", "cut", "huge"],
)
def test_files_without_times(data: bytes, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(data)
    assert read_times(tmp_path / "a.mp4") is None


@settings(deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=5))
def test_any_bytes_give_times_or_none(changes: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory):
    data = bytearray(tables([(2, 10), (1, 20)], [(3, 5)]))
    for at, value in changes:
        data[at % len(data)] = value
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    path.write_bytes(data)
    times = read_times(path)
    assert times is None or (isinstance(times, FilmTimes) and (np.diff(times.pictures_s) >= 0).all())
