"""Encode frames as the bytes of their files (JPEG and PNG), and decode PNG files."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import Camera, DepthMap, Frame, Intrinsics, Pose, clean_depth
from capture.jpeg import UInt8Image

UInt16Image = NDArray[np.uint16]

JPEG_QUALITY = 95  # only if the source has no JPEG of the phone's own
PNG_COMPRESSION = 1  # higher levels take over 50 % longer and save under 10 % of the bytes
NO_COMPRESSION = 0
PNG_FILTER = cv2.IMWRITE_PNG_FILTER_UP  # a depth map in 2.1 ms; trying all filters per row: 3.0 ms, 4 % fewer bytes
# First bytes of a PNG (ISO/IEC 15948, 5.2 and 11.2.2): signature, length and name of the first chunk, then width,
# height, bits per sample and colour type.
_PNG_START = struct.Struct(">16sIIBB")
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0d" + b"IHDR"
GREY = 0  # colour type


class PngHeader(NamedTuple):
    """Header of a PNG file. `bits` per sample; `colour` is its colour type, such as GREY."""

    width: int
    height: int
    bits: int
    colour: int


@dataclass(frozen=True)
class EncodedFrame:
    """A frame as the bytes of its files, with the data of its log line. Sizes are (width, height)."""

    index: int
    received_ns: int
    time_utc: str | None
    jpeg: bytes
    rgb_size: tuple[int, int]
    depth_png: bytes
    depth_size: tuple[int, int]
    confidence_png: bytes | None
    intrinsics: Intrinsics
    pose: Pose
    camera: Camera
    camera_time_s: float | None = None
    phone_time_unix_s: float | None = None

    @property
    def layout(self) -> tuple[object, ...]:
        """Properties that must not change within a recording: camera, sizes, and whether there is confidence."""
        return self.camera, self.rgb_size, self.depth_size, self.confidence_png is None


def encode(frame: Frame, time_utc: str | None, in_haste: bool = False) -> EncodedFrame:
    """Encode a frame: its own JPEG if it has one, else at quality 95; depth as 16-bit millimetres.

    `in_haste`: PNG without compression, in a tenth of the time and three times the size.
    """
    level = NO_COMPRESSION if in_haste else PNG_COMPRESSION
    return EncodedFrame(
        index=frame.index,
        received_ns=frame.received_ns,
        time_utc=time_utc,
        jpeg=frame.jpeg or encode_jpeg(frame.rgb),
        rgb_size=frame.rgb_size,
        depth_png=encode_png(to_millimetres(frame.depth_m), level),
        depth_size=frame.depth_size,
        confidence_png=None if frame.confidence is None else encode_png(frame.confidence, level),
        intrinsics=frame.intrinsics,
        pose=frame.pose,
        camera=frame.camera,
        camera_time_s=frame.camera_time_s,
        phone_time_unix_s=frame.phone_time_unix_s,
    )


def encode_jpeg(rgb: UInt8Image, quality: int = JPEG_QUALITY) -> bytes:
    """Encode uint8 (H, W, 3), red first, as JPEG."""
    return _imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_depth(depth_m: DepthMap) -> bytes:
    """Encode float32 (h, w) metres as a 16-bit PNG in millimetres; values that are no reading become 0."""
    return encode_png(to_millimetres(depth_m))


def to_millimetres(depth_m: DepthMap) -> UInt16Image:
    """Convert float metres (h, w) to uint16 millimetres, rounded; values that are no reading become 0."""
    millimetres: UInt16Image = np.rint(clean_depth(depth_m) * np.float32(1000)).astype(np.uint16)
    return millimetres


def encode_png(image: UInt16Image | UInt8Image, level: int = PNG_COMPRESSION) -> bytes:
    return _imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, level, cv2.IMWRITE_PNG_FILTER, PNG_FILTER])


def png_header(data: bytes) -> PngHeader | None:
    """Read the header of a PNG file without decoding it; None if `data` is not a PNG."""
    if len(data) < _PNG_START.size:
        return None
    magic, *header = _PNG_START.unpack_from(data)
    return PngHeader(*header) if magic == _PNG_MAGIC else None


def decode_png(data: bytes, size: tuple[int, int], dtype: type[np.unsignedinteger[Any]]) -> NDArray[Any]:
    """Decode a grey PNG of this (width, height) and sample type. Raises ValueError if it is anything else."""
    if png_header(data) != PngHeader(*size, np.dtype(dtype).itemsize * 8, GREY):
        raise ValueError(f"must be a grey PNG of {size}, {np.dtype(dtype)}. Received: {len(data)} bytes")
    try:
        image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None or image.dtype != dtype or image.shape != size[::-1]:
        raise ValueError("is not an intact PNG")
    return image


def _imencode(extension: str, image: UInt16Image | UInt8Image, options: list[int]) -> bytes:
    whole, data = cv2.imencode(extension, image, options)
    if not whole:
        raise ValueError(f"cannot encode as {extension}. Received: {image.dtype} {image.shape}")
    return bytes(data)
