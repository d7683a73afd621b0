"""One frame as bytes on the tunnel from the phone, as the `record3d` package (1.4.1, src/Record3DStream.cpp) reads it.

    PeerTalk header, big-endian:   version 1, type 101, tag 0, size of the body
    body, little-endian:           FrameHeader (88 bytes), JPEG, LZFSE of float32 depth, LZFSE of uint8 confidence, misc

Nothing on the wire says when a frame was taken, its number, the rate, or which way the phone is held.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from capture.frame import Camera, Intrinsics, Pose
from capture.jpeg import jpeg_size
from capture.protocol.lzfse import inflated_size

RECORD3D_PORT = 1337  # the app listens here on the phone
PEERTALK_HEADER = struct.Struct(">4I")
PEERTALK_VERSION, FRAME_TYPE = 1, 101
FRAME_HEADER = struct.Struct("<11I11f")
MAX_BODY_BYTES = 64 << 20  # a frame of 1440x1920 is 0.2 MB; a size that does not fit is damage, not a frame
DEVICE_TYPES = (Camera.TRUEDEPTH, Camera.LIDAR)  # by their number on the wire


class FrameHeader(NamedTuple):
    """The fixed part of a body, field by field: pixels, bytes, 0 TrueDepth or 1 LiDAR, then intrinsics and pose."""

    rgb_width: int
    rgb_height: int
    depth_width: int
    depth_height: int
    confidence_width: int
    confidence_height: int
    rgb_bytes: int
    depth_bytes: int
    confidence_bytes: int
    misc_bytes: int
    device_type: int
    fx: float
    fy: float
    cx: float
    cy: float
    qx: float
    qy: float
    qz: float
    qw: float
    x_m: float
    y_m: float
    z_m: float

    @classmethod
    def parse(cls, body: bytes | memoryview) -> FrameHeader:
        """From the first 88 bytes of a body. Raises ValueError where there are fewer."""
        if len(body) < FRAME_HEADER.size:
            raise ValueError(f"a frame begins with {FRAME_HEADER.size} bytes. Received: {len(body)}")
        return cls(*FRAME_HEADER.unpack_from(body))

    @property
    def rgb_size(self) -> tuple[int, int]:
        return self.rgb_width, self.rgb_height

    @property
    def body_bytes(self) -> int:
        """What the parts and this header add up to."""
        return FRAME_HEADER.size + self.rgb_bytes + self.depth_bytes + self.confidence_bytes + self.misc_bytes


def encode_message(
    jpeg: bytes,
    rgb_size: tuple[int, int],
    depth_lzfse: bytes,
    depth_size: tuple[int, int],
    confidence_lzfse: bytes | None,
    intrinsics: Intrinsics,
    pose: Pose,
    camera: Camera,
) -> bytes:
    """A frame with both headers; sizes are (width, height), confidence has the depth's.

    Raises ValueError where a part does not have the size it is sent with: the `record3d` package would crash on it.
    """
    depth_values = depth_size[0] * depth_size[1]
    parts = [(depth_lzfse, 4 * depth_values)]
    if confidence_lzfse is not None:
        parts.append((confidence_lzfse, depth_values))
    for data, expected in parts:
        if (size := inflated_size(data)) != expected:
            raise ValueError(f"LZFSE must hold {expected} bytes. Received: {size}")
    if (size_of_jpeg := jpeg_size(jpeg)) != rgb_size:
        raise ValueError(f"the JPEG must be {rgb_size}. Received: {size_of_jpeg}")
    header = FrameHeader(
        *rgb_size,
        *depth_size,
        *((0, 0) if confidence_lzfse is None else depth_size),
        len(jpeg),
        len(depth_lzfse),
        len(confidence_lzfse or b""),
        0,
        DEVICE_TYPES.index(camera),
        *intrinsics.as_list(),
        *pose.as_list(),
    )
    peertalk = PEERTALK_HEADER.pack(PEERTALK_VERSION, FRAME_TYPE, 0, header.body_bytes)
    return b"".join((peertalk, FRAME_HEADER.pack(*header), jpeg, depth_lzfse, confidence_lzfse or b""))


def agreed_header(message: bytes) -> FrameHeader:
    """The header in a message's first 104 bytes. Raises ValueError where it and PeerTalk's contradict each other."""
    size = announced_bytes(message)
    header = FrameHeader.parse(message[PEERTALK_HEADER.size : PEERTALK_HEADER.size + FRAME_HEADER.size])
    if size != PEERTALK_HEADER.size + header.body_bytes:
        raise ValueError(f"parts of {header.body_bytes} bytes do not fill a body. Received: a message of {size}")
    return header


def announced_bytes(start: bytes) -> int | None:
    """The size of the message that begins with `start`; None where no message does."""
    if len(start) < PEERTALK_HEADER.size:
        return None
    version, kind, _, body_bytes = PEERTALK_HEADER.unpack_from(start)
    if (version, kind) != (PEERTALK_VERSION, FRAME_TYPE):
        return None
    return PEERTALK_HEADER.size + int(body_bytes)
