"""Read depth maps in the files in which programs leave them: 16-bit PNG and TIFF, and floats in TIFF and EXR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.formats.parts.exr import MAGIC as EXR_MAGIC
from capture.formats.parts.exr import decode_exr
from capture.formats.parts.images import DEPTH_PNG, NO_READING, decode_image, read_image, require_sides
from capture.formats.parts.tiff import MAGICS as TIFF_MAGICS
from capture.formats.parts.tiff import tiff_header
from capture.frame import DepthMap
from capture.storage.encoding import UInt16Image, to_millimetres
from capture.wording import counted

SUFFIXES = (".png", ".tiff", ".tif", ".exr")
KINDS = "16-bit PNG or TIFF, or floats in TIFF or EXR"  # for messages
METRES = 1.0  # units per metre of floats: they need no other unit for their precision
_VALUES = 1 << 16  # of a 16-bit depth map


class DepthReader:
    """Reader of the depth maps of one data set.

    units_per_metre  of all maps as the user supplied it; None: `default` for whole numbers, and metres for floats
    """

    def __init__(self, units_per_metre: float | None, default: float) -> None:
        self._stated = units_per_metre
        self._whole_numbers = units_per_metre or default
        self._millimetres = depth_table(self._whole_numbers)

    def units_per_metre(self, path: Path) -> float:
        """Return the scale of this file; that of whole numbers if it cannot be read."""
        try:
            data = read_image(path)
        except LidarliveError:  # reported when its frame is read
            return self._whole_numbers
        return (self._stated or METRES) if _is_float(data) else self._whole_numbers

    def read(self, path: Path) -> UInt16Image:
        """Read a map as uint16 (h, w) millimetres, 0 = no reading. Raises LidarliveError, naming the file."""
        data = read_image(path)
        try:
            if data.startswith(EXR_MAGIC):
                return self._from_floats(decode_exr(data))
            values = _decode_tiff(data) if data[:4] in TIFF_MAGICS else decode_image(data, DEPTH_PNG)
            if values.dtype == np.float32:
                return self._from_floats(values)
            millimetres: UInt16Image = self._millimetres[values]
            return millimetres
        except ValueError as error:
            raise LidarliveError(f"{path}: {error}") from None

    def _from_floats(self, values: DepthMap) -> UInt16Image:
        with np.errstate(invalid="ignore", over="ignore"):  # a damaged file may hold any bits
            return to_millimetres((values / np.float32(self._stated or METRES)).astype(np.float32))


def depth_table(units_per_metre: float) -> UInt16Image:
    """Return uint16 (65536,): millimetres for each value of a depth map; 0 for no reading or beyond 65.535 m."""
    table = to_millimetres((np.arange(_VALUES) / units_per_metre).astype(np.float32))
    table[NO_READING] = 0
    return table


def _is_float(data: bytes) -> bool:
    try:
        header = tiff_header(data)
    except ValueError:  # reported when its frame is read
        return False
    return data.startswith(EXR_MAGIC) or (header is not None and header.is_float)


def _decode_tiff(data: bytes) -> NDArray[Any]:
    header = tiff_header(data)
    assert header is not None
    kind = f"{header.bits} bits, {'float' if header.is_float else 'whole numbers'}"
    if header.samples != 1 or not (
        (header.is_float and header.bits == 32) or (header.is_unsigned and header.bits == 16)
    ):
        samples = counted(header.samples, "value")
        raise ValueError(f"must be {KINDS}. Received: a TIFF of {kind}, {samples} a pixel")
    require_sides((header.width, header.height))
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its own messages on damaged files
    try:
        image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    finally:
        cv2.utils.logging.setLogLevel(before)
    if image is None or image.shape != (header.height, header.width) or image.itemsize * 8 != header.bits:
        raise ValueError(f"is not an intact TIFF. Received: {len(data)} bytes")
    return image
