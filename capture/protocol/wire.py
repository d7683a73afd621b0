"""Wire format of a frame, as the `record3d` package (1.4.1, src/Record3DStream.cpp) reads it from the phone's tunnel.

    PeerTalk header, big-endian:   version 1, type 101, tag 0, size of the body
    body, little-endian:           FrameHeader (88 bytes), JPEG, LZFSE of float32 depth, LZFSE of uint8 confidence, misc

misc is the time of capture (`capture_time.py`); older apps send none. The wire carries no frame number, frame rate or
device orientation.
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
MAX_BODY_BYTES = 64 << 20  # a frame of 1440x1920 has 0.2 MB; a larger size is damage
MAX_PICTURE_PIXELS = 4032 * 3024  # of an iPhone's whole sensor; the largest that Record3D sends is 1932x2576
MAX_DEPTH_PIXELS = 1 << 20  # three times the largest depth map, 480x640
DEVICE_TYPES = (Camera.TRUEDEPTH, Camera.LIDAR)  # by their number on the wire


class FrameHeader(NamedTuple):
    """Fixed part of a body, in order: pixels, bytes, 0 TrueDepth or 1 LiDAR, then intrinsics and pose."""

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
        """Parse the first 88 bytes of a body. Raises ValueError if there are fewer."""
        if len(body) < FRAME_HEADER.size:
            raise ValueError(f"a frame must begin with {FRAME_HEADER.size} bytes of header. Received: {len(body)}")
        return cls(*FRAME_HEADER.unpack_from(body))

    @property
    def rgb_size(self) -> tuple[int, int]:
        return self.rgb_width, self.rgb_height

    @property
    def body_bytes(self) -> int:
        """Size of the body: this header and all parts."""
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
    misc: bytes = b"",
) -> bytes:
    """Return a frame as a message with both headers. Sizes are (width, height); confidence has the depth's.

    Raises ValueError if a part does not have the size in the header: the `record3d` package would crash on it.
    """
    depth_values = depth_size[0] * depth_size[1]
    parts = [(depth_lzfse, 4 * depth_values)]
    if confidence_lzfse is not None:
        parts.append((confidence_lzfse, depth_values))
    for data, expected in parts:
        if (size := inflated_size(data)) != expected:
            raise ValueError(f"LZFSE must decompress to {expected} bytes. Received: {size}")
    if (size_of_jpeg := jpeg_size(jpeg)) != rgb_size:
        raise ValueError(f"the JPEG must be {rgb_size}. Received: {size_of_jpeg}")
    header = FrameHeader(
        *rgb_size,
        *depth_size,
        *((0, 0) if confidence_lzfse is None else depth_size),
        len(jpeg),
        len(depth_lzfse),
        len(confidence_lzfse or b""),
        len(misc),
        DEVICE_TYPES.index(camera),
        *intrinsics.as_list(),
        *pose.as_list(),
    )
    peertalk = PEERTALK_HEADER.pack(PEERTALK_VERSION, FRAME_TYPE, 0, header.body_bytes)
    return b"".join((peertalk, FRAME_HEADER.pack(*header), jpeg, depth_lzfse, confidence_lzfse or b"", misc))


def with_misc(message: bytes, misc: bytes) -> bytes:
    """Return the message with another misc part. Raises ValueError if its headers contradict each other."""
    header = consistent_header(message)
    parts = memoryview(message)[PEERTALK_HEADER.size + FRAME_HEADER.size : len(message) - header.misc_bytes]
    header = header._replace(misc_bytes=len(misc))
    peertalk = PEERTALK_HEADER.pack(PEERTALK_VERSION, FRAME_TYPE, 0, header.body_bytes)
    return b"".join((peertalk, FRAME_HEADER.pack(*header), parts, misc))


def consistent_header(message: bytes) -> FrameHeader:
    """Return the frame header in a message's first 104 bytes. Raises ValueError if PeerTalk's size contradicts it."""
    size = message_size(message)
    header = FrameHeader.parse(message[PEERTALK_HEADER.size : PEERTALK_HEADER.size + FRAME_HEADER.size])
    if size != PEERTALK_HEADER.size + header.body_bytes:
        raise ValueError(f"the parts add up to {header.body_bytes} bytes. Received: a message of {size}")
    return header


def message_size(start: bytes) -> int | None:
    """Return the size in bytes of the message that begins with `start`; None if it is not the start of a message."""
    if len(start) < PEERTALK_HEADER.size:
        return None
    version, kind, _, body_bytes = PEERTALK_HEADER.unpack_from(start)
    if (version, kind) != (PEERTALK_VERSION, FRAME_TYPE):
        return None
    return PEERTALK_HEADER.size + int(body_bytes)
