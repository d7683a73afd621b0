"""Pictures: what is in them, and files that hold them, whole and damaged."""

from __future__ import annotations

import struct
import zlib

from hypothesis import strategies as st
from PIL import ExifTags, Image


def color_at(image, x: int, y: int) -> tuple[int, int, int]:
    color = image.pixelColor(x, y)
    return color.red(), color.green(), color.blue()


def exif(orientation: int | None = None, focal_35mm: object = None) -> Image.Exif:
    made = Image.Exif()
    if orientation is not None:
        made[ExifTags.Base.Orientation] = orientation
    if focal_35mm is not None:
        made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = focal_35mm
    return made


def claiming(data: bytes, width: int, height: int) -> bytes:
    """The PNG with another size in its header, whose checksum fits."""
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def mutated(whole: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes, and the file with some of its own changed, cut or grown: most of those are nearly an image."""

    def change(changes: list[tuple[int, int]], end: int) -> bytes:
        data = bytearray(whole[:end] + b"\x00" * max(0, end - len(whole)))
        for at, value in changes:
            if data:
                data[at % len(data)] = value
        return bytes(data)

    changes = st.lists(st.tuples(st.integers(0, len(whole)), st.integers(0, 255)), max_size=4)
    ends = st.one_of(st.just(len(whole)), st.integers(0, len(whole) + 8))
    return st.one_of(st.binary(max_size=64), st.builds(change, changes, ends))
