"""Damage messages as a phone, a cable or the app can: one function from bytes to bytes per fault.

All other parts stay unchanged, and sizes in the headers are correct, unless they are the fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import lzfse
import numpy as np

from capture.frame import Camera, DepthMap, Pose
from capture.jpeg import decode_jpeg
from capture.protocol.capture_time import NO_TIME, CaptureTime, encode_misc, parse_misc
from capture.protocol.lzfse import inflate
from capture.protocol.other_ages import OLD_HEADER
from capture.protocol.wire import (
    DEVICE_TYPES,
    FRAME_HEADER,
    FRAME_TYPE,
    PEERTALK_HEADER,
    PEERTALK_VERSION,
    FrameHeader,
    consistent_header,
    with_misc,
)
from capture.storage.encoding import encode_jpeg

START_OF_SCAN, END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"  # ITU-T T.81, table B.1
LARGEST_BODY_BYTES = (1 << 32) - 1  # the largest value of the field
TRUEDEPTH_SIZE = (480, 640)  # (width, height) of a depth map from the front camera, upright
SET_BACK_S = 3600.0
LARGE_MISC_BYTES = 1 << 20
TOO_LARGE_SIZE = (5712, 4284)  # of an iPhone's 24 megapixel photo
DAMAGED_BLOCK = (slice(0, 48), slice(0, 48))  # rows and columns of the depth map that become NaN, negative or infinite


class Message(NamedTuple):
    """A message split into its parts; `join` puts them together, with their sizes in the header."""

    header: FrameHeader
    jpeg: bytes
    depth_lzfse: bytes
    confidence_lzfse: bytes
    misc: bytes

    @classmethod
    def split(cls, message: bytes) -> Message:
        """Split a message. Raises ValueError if its headers contradict each other."""
        header = consistent_header(message)
        parts, offset = [], PEERTALK_HEADER.size + FRAME_HEADER.size
        for size in (header.rgb_bytes, header.depth_bytes, header.confidence_bytes, header.misc_bytes):
            parts.append(message[offset : offset + size])
            offset += size
        return cls(header, *parts)

    def join(self) -> bytes:
        jpeg, depth, confidence, misc = self[1:]
        header = self.header._replace(
            rgb_bytes=len(jpeg), depth_bytes=len(depth), confidence_bytes=len(confidence), misc_bytes=len(misc)
        )
        return with_body(FRAME_HEADER.pack(*header) + jpeg + depth + confidence + misc)

    def depth_m(self) -> DepthMap:
        """Decompress to float32 (h, w), metres, as sent, writable. Raises ValueError if that fails."""
        height, width = self.header.depth_height, self.header.depth_width
        return np.frombuffer(bytearray(inflate(self.depth_lzfse, 4 * width * height)), "<f4").reshape(height, width)

    def with_depth(self, depth_m: DepthMap) -> Message:
        height, width = depth_m.shape
        depth_lzfse = lzfse.compress(np.ascontiguousarray(depth_m, dtype="<f4").tobytes())
        header = self.header._replace(depth_width=width, depth_height=height)
        return self._replace(header=header, depth_lzfse=depth_lzfse)


def with_body(body: bytes, announced: int | None = None) -> bytes:
    """Return a message with this body, whose header states its size or `announced`."""
    size = len(body) if announced is None else announced
    return PEERTALK_HEADER.pack(PEERTALK_VERSION, FRAME_TYPE, 0, size) + body


def jpeg_corrupt(message: bytes) -> bytes:
    """Replace everything before the JPEG's scan (sizes, quantisation, Huffman tables) by noise, except SOI."""
    parts = Message.split(message)
    scan = parts.jpeg.rindex(START_OF_SCAN)
    noise = bytes(b ^ 0xA5 for b in parts.jpeg[2:scan])
    return parts._replace(jpeg=parts.jpeg[:2] + noise + parts.jpeg[scan:]).join()


def jpeg_scan(message: bytes) -> bytes:
    """Replace the second half of the JPEG's entropy-coded scan by zeros, which are still valid code words."""
    parts = Message.split(message)
    jpeg = parts.jpeg
    scan = jpeg.rindex(START_OF_SCAN) + len(START_OF_SCAN)
    end = len(jpeg) - len(END_OF_IMAGE)
    middle = (scan + end) // 2
    return parts._replace(jpeg=jpeg[:middle] + bytes(end - middle) + jpeg[end:]).join()


def wrong_jpeg_size(message: bytes) -> bytes:
    """Double the RGB width and height in the header."""
    parts = Message.split(message)
    width, height = parts.header.rgb_size
    return parts._replace(header=parts.header._replace(rgb_width=2 * width, rgb_height=2 * height)).join()


def rgb_past_body(message: bytes) -> bytes:
    """Set the JPEG's size in the header to 1 GiB, far more than the body."""
    header = Message.split(message).header._replace(rgb_bytes=1 << 30)
    body = PEERTALK_HEADER.size + FRAME_HEADER.size
    return message[: PEERTALK_HEADER.size] + FRAME_HEADER.pack(*header) + message[body:]


def depth_truncated(message: bytes) -> bytes:
    """Truncate the depth's LZFSE to 80 % of its bytes, and correct the header."""
    parts = Message.split(message)
    return parts._replace(depth_lzfse=parts.depth_lzfse[: len(parts.depth_lzfse) * 4 // 5]).join()


def depth_flipped(message: bytes) -> bytes:
    """Invert 64 bytes in the middle of the depth's LZFSE."""
    parts = Message.split(message)
    depth = bytearray(parts.depth_lzfse)
    middle = slice(len(depth) // 2, len(depth) // 2 + 64)
    depth[middle] = bytes(b ^ 0xFF for b in depth[middle])
    return parts._replace(depth_lzfse=bytes(depth)).join()


def depth_size(message: bytes) -> bytes:
    """Replace the depth by an LZFSE stream of half of its rows, without correcting the header."""
    parts = Message.split(message)
    half = parts.depth_m()[: parts.header.depth_height // 2]
    return parts._replace(depth_lzfse=lzfse.compress(half.tobytes())).join()


def depth_repeated(message: bytes, before: bytes) -> bytes:
    """Replace depth and confidence by those of the previous message."""
    parts, stale = Message.split(message), Message.split(before)
    return parts._replace(depth_lzfse=stale.depth_lzfse, confidence_lzfse=stale.confidence_lzfse).join()


def depth_filled(value: float) -> Callable[[bytes], bytes]:
    """Return a function that sets DAMAGED_BLOCK of the depth map to `value`, in metres."""

    def fill(message: bytes) -> bytes:
        parts = Message.split(message)
        depth = parts.depth_m()
        depth[DAMAGED_BLOCK] = value
        return parts.with_depth(depth).join()

    return fill


def body_cut(size: int) -> Callable[[bytes], bytes]:
    """Return a function that truncates the body to `size` bytes and corrects the header."""
    return lambda message: with_body(message[PEERTALK_HEADER.size :][:size])


def body_4gib(message: bytes) -> bytes:
    """Set the body's size in the header to the largest value; the body stays."""
    return with_body(message[PEERTALK_HEADER.size :], LARGEST_BODY_BYTES)


def misc_none(message: bytes) -> bytes:
    """Remove the time of capture, as apps before 1.10.3 send no misc part."""
    return with_misc(message, b"")


def misc_broken(message: bytes) -> bytes:
    """Cut the misc part off in the middle of its JSON document."""
    misc = encode_misc(_time_of(message))
    return with_misc(message, misc[: len(misc) // 2])


def misc_nan(message: bytes) -> bytes:
    """Replace both times by NaN, which is no number in JSON either."""
    return with_misc(message, encode_misc(CaptureTime(math.nan, math.nan)))


def misc_back(message: bytes) -> bytes:
    """Set the camera's clock back by an hour, and not below 0, for this frame."""
    time = _time_of(message)
    return with_misc(message, encode_misc(time._replace(camera_s=max(0.0, (time.camera_s or 0.0) - SET_BACK_S))))


def misc_1mb(message: bytes) -> bytes:
    """Fill the misc part with spaces up to 1 MiB."""
    return with_misc(message, encode_misc(_time_of(message)).ljust(LARGE_MISC_BYTES))


def _time_of(message: bytes) -> CaptureTime:
    """Return the message's time of capture; zeros if it has none."""
    time = parse_misc(Message.split(message).misc)
    return CaptureTime(0.0, 0.0) if time == NO_TIME else time


def truedepth(message: bytes) -> bytes:
    """Turn the message into one of the front camera: device type, depth size, no confidence, no pose."""
    parts = Message.split(message)
    upright = parts.header.depth_height >= parts.header.depth_width
    size = TRUEDEPTH_SIZE if upright else TRUEDEPTH_SIZE[::-1]
    front = parts.with_depth(cv2.resize(parts.depth_m(), size, interpolation=cv2.INTER_NEAREST))  # NaN does not spread
    header = FrameHeader(*front.header[:-7], *Pose().as_list())._replace(
        device_type=DEVICE_TYPES.index(Camera.TRUEDEPTH), confidence_width=0, confidence_height=0
    )
    return front._replace(header=header, confidence_lzfse=b"").join()


def landscape(message: bytes) -> bytes:
    """Rotate picture, depth, confidence, sizes, intrinsics and pose clockwise by 90 degrees."""
    parts = Message.split(message)
    turned = parts.with_depth(np.rot90(parts.depth_m(), -1))
    old, sine = parts.header, math.sqrt(0.5)  # sine and cosine of 45 degrees: the camera rotates about its own z
    header = turned.header._replace(
        rgb_width=old.rgb_height,
        rgb_height=old.rgb_width,
        confidence_width=old.confidence_height,
        confidence_height=old.confidence_width,
        fx=old.fy,
        fy=old.fx,
        cx=old.rgb_height - old.cy,
        cy=old.cx,
        qx=sine * (old.qx + old.qy),
        qy=sine * (old.qy - old.qx),
        qz=sine * (old.qz + old.qw),
        qw=sine * (old.qw - old.qz),
    )
    jpeg = encode_jpeg(np.ascontiguousarray(np.rot90(decode_jpeg(parts.jpeg), -1)))
    return turned._replace(header=header, jpeg=jpeg, confidence_lzfse=_turned_confidence(parts)).join()


def _turned_confidence(parts: Message) -> bytes:
    if not parts.confidence_lzfse:
        return b""
    height, width = parts.header.confidence_height, parts.header.confidence_width
    confidence = np.frombuffer(inflate(parts.confidence_lzfse, width * height), np.uint8).reshape(height, width)
    turned: bytes = lzfse.compress(np.rot90(confidence, -1).tobytes())
    return turned


def too_large(message: bytes) -> bytes:
    """Announce a picture of TOO_LARGE_SIZE."""
    parts = Message.split(message)
    width, height = TOO_LARGE_SIZE
    return parts._replace(header=parts.header._replace(rgb_width=width, rgb_height=height)).join()


def old_app(message: bytes) -> bytes:
    """Turn the message into one of Record3D 1.7 to 1.9, which has neither confidence nor misc."""
    parts = Message.split(message)
    header = parts.header
    sizes = (*header[:4], len(parts.jpeg), len(parts.depth_lzfse), header.device_type)
    return with_body(OLD_HEADER.pack(*sizes, *header[-11:]) + parts.jpeg + parts.depth_lzfse)


def garbage(message: bytes) -> bytes:
    """Replace all bytes by others, headers included."""
    return bytes(byte ^ 0xA5 for byte in message)
