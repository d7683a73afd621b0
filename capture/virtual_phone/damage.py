"""What a phone, a cable or the app can do to one message: bytes to bytes, each under the name of its fault.

What is not damaged stays as it was, and the sizes in the headers say what is there, unless they are the fault.
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
from capture.protocol.lzfse import inflate
from capture.protocol.wire import (
    DEVICE_TYPES,
    FRAME_HEADER,
    FRAME_TYPE,
    PEERTALK_HEADER,
    PEERTALK_VERSION,
    FrameHeader,
    consistent_header,
)
from capture.storage.encoding import encode_jpeg

START_OF_SCAN, END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"  # ITU-T T.81, table B.1
LARGEST_BODY_BYTES = (1 << 32) - 1  # what the field can say
TRUEDEPTH_SIZE = (480, 640)  # (width, height) of a depth map from the front camera, upright
DAMAGED_BLOCK = (slice(0, 48), slice(0, 48))  # rows and columns of the depth map that become NaN, negative or infinite


class Message(NamedTuple):
    """One message taken apart; `join` makes it bytes again, with the sizes of its parts in the header."""

    header: FrameHeader
    jpeg: bytes
    depth_lzfse: bytes
    confidence_lzfse: bytes
    misc: bytes

    @classmethod
    def split(cls, message: bytes) -> Message:
        """Raises ValueError where the headers contradict each other: such a message has no parts."""
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
        """float32 (h, w), metres, as the phone sent it; writable. Raises ValueError where it does not inflate."""
        height, width = self.header.depth_height, self.header.depth_width
        return np.frombuffer(bytearray(inflate(self.depth_lzfse, 4 * width * height)), "<f4").reshape(height, width)

    def with_depth(self, depth_m: DepthMap) -> Message:
        height, width = depth_m.shape
        depth_lzfse = lzfse.compress(np.ascontiguousarray(depth_m, dtype="<f4").tobytes())
        header = self.header._replace(depth_width=width, depth_height=height)
        return self._replace(header=header, depth_lzfse=depth_lzfse)


def with_body(body: bytes, announced: int | None = None) -> bytes:
    """A message of this body, whose header announces its size or another one."""
    size = len(body) if announced is None else announced
    return PEERTALK_HEADER.pack(PEERTALK_VERSION, FRAME_TYPE, 0, size) + body


def jpeg_corrupt(message: bytes) -> bytes:
    """All that a JPEG says before its scan (sizes, quantisation, Huffman tables) is noise; SOI, scan and EOI stay."""
    whole = Message.split(message)
    scan = whole.jpeg.rindex(START_OF_SCAN)
    noise = bytes(b ^ 0xA5 for b in whole.jpeg[2:scan])
    return whole._replace(jpeg=whole.jpeg[:2] + noise + whole.jpeg[scan:]).join()


def jpeg_scan(message: bytes) -> bytes:
    """The second half of the JPEG's entropy-coded scan is 0, which is code words all the same; all else stays."""
    whole = Message.split(message)
    jpeg = whole.jpeg
    scan = jpeg.rindex(START_OF_SCAN) + len(START_OF_SCAN)
    end = len(jpeg) - len(END_OF_IMAGE)
    middle = (scan + end) // 2
    return whole._replace(jpeg=jpeg[:middle] + bytes(end - middle) + jpeg[end:]).join()


def wrong_jpeg_size(message: bytes) -> bytes:
    """The header says twice the width and height that the JPEG has."""
    whole = Message.split(message)
    width, height = whole.header.rgb_size
    return whole._replace(header=whole.header._replace(rgb_width=2 * width, rgb_height=2 * height)).join()


def rgb_past_body(message: bytes) -> bytes:
    """The header says that the JPEG is 1 GiB, far more than the body."""
    header = Message.split(message).header._replace(rgb_bytes=1 << 30)
    body = PEERTALK_HEADER.size + FRAME_HEADER.size
    return message[: PEERTALK_HEADER.size] + FRAME_HEADER.pack(*header) + message[body:]


def depth_truncated(message: bytes) -> bytes:
    """The depth's LZFSE ends after 80 % of its bytes, and the header says so."""
    whole = Message.split(message)
    return whole._replace(depth_lzfse=whole.depth_lzfse[: len(whole.depth_lzfse) * 4 // 5]).join()


def depth_flipped(message: bytes) -> bytes:
    """64 bytes in the middle of the depth's LZFSE are inverted."""
    whole = Message.split(message)
    depth = bytearray(whole.depth_lzfse)
    middle = slice(len(depth) // 2, len(depth) // 2 + 64)
    depth[middle] = bytes(b ^ 0xFF for b in depth[middle])
    return whole._replace(depth_lzfse=bytes(depth)).join()


def depth_size(message: bytes) -> bytes:
    """The depth's LZFSE inflates to half of the rows that the header says."""
    whole = Message.split(message)
    half = whole.depth_m()[: whole.header.depth_height // 2]
    return whole._replace(depth_lzfse=lzfse.compress(half.tobytes())).join()


def depth_repeated(message: bytes, before: bytes) -> bytes:
    """The depth and confidence of the message before, with the RGB, intrinsics and pose of this one."""
    whole, stale = Message.split(message), Message.split(before)
    return whole._replace(depth_lzfse=stale.depth_lzfse, confidence_lzfse=stale.confidence_lzfse).join()


def depth_filled(value: float) -> Callable[[bytes], bytes]:
    """DAMAGED_BLOCK of the depth map is `value`, in metres."""

    def fill(message: bytes) -> bytes:
        whole = Message.split(message)
        depth = whole.depth_m()
        depth[DAMAGED_BLOCK] = value
        return whole.with_depth(depth).join()

    return fill


def body_cut(size: int) -> Callable[[bytes], bytes]:
    """The body is its first `size` bytes, and the header says so."""
    return lambda message: with_body(message[PEERTALK_HEADER.size :][:size])


def body_4gib(message: bytes) -> bytes:
    """The header announces the largest body it can; this message's body follows."""
    return with_body(message[PEERTALK_HEADER.size :], LARGEST_BODY_BYTES)


def truedepth(message: bytes) -> bytes:
    """As from the front camera: its device type and depth size, no confidence, no pose. The picture stays."""
    whole = Message.split(message)
    upright = whole.header.depth_height >= whole.header.depth_width
    size = TRUEDEPTH_SIZE if upright else TRUEDEPTH_SIZE[::-1]
    front = whole.with_depth(cv2.resize(whole.depth_m(), size, interpolation=cv2.INTER_NEAREST))  # NaN does not spread
    header = FrameHeader(*front.header[:-7], *Pose().as_list())._replace(
        device_type=DEVICE_TYPES.index(Camera.TRUEDEPTH), confidence_width=0, confidence_height=0
    )
    return front._replace(header=header, confidence_lzfse=b"").join()


def landscape(message: bytes) -> bytes:
    """Picture, depth and confidence turned clockwise by 90 degrees; sizes, intrinsics and pose turned with them."""
    whole = Message.split(message)
    turned = whole.with_depth(np.rot90(whole.depth_m(), -1))
    old, sine = whole.header, math.sqrt(0.5)  # sine and cosine of 45 degrees: the camera turns about its own z
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
    jpeg = encode_jpeg(np.ascontiguousarray(np.rot90(decode_jpeg(whole.jpeg), -1)))
    return turned._replace(header=header, jpeg=jpeg, confidence_lzfse=_turned_confidence(whole)).join()


def _turned_confidence(whole: Message) -> bytes:
    if not whole.confidence_lzfse:
        return b""
    height, width = whole.header.confidence_height, whole.header.confidence_width
    confidence = np.frombuffer(inflate(whole.confidence_lzfse, width * height), np.uint8).reshape(height, width)
    turned: bytes = lzfse.compress(np.rot90(confidence, -1).tobytes())
    return turned
