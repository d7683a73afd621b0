"""Parse the phone's byte stream into frames; every length is checked before memory is allocated.

bytes ──StreamParser.feed──► WireFrame or DamagedMessage ──decode_frame──► Frame, its JPEG not yet decoded
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from capture.frame import Frame, Intrinsics, Pose, clean_depth
from capture.jpeg import Jpeg, UInt8Image
from capture.protocol.capture_time import MAX_MISC_BYTES, NO_TIME, CaptureTime, parse_misc
from capture.protocol.depth_damage import DepthDamageDetector, DepthDamageError
from capture.protocol.lzfse import inflate
from capture.protocol.other_ages import is_of_old_app
from capture.protocol.wire import (
    DEVICE_TYPES,
    FRAME_HEADER,
    FRAME_TYPE,
    MAX_BODY_BYTES,
    MAX_DEPTH_PIXELS,
    MAX_PICTURE_PIXELS,
    PEERTALK_HEADER,
    FrameHeader,
)
from capture.protocol.wire import PEERTALK_VERSION as VERSION

DamageKind = Literal["damaged", "oversized", "other_age"]


@dataclass(frozen=True)
class WireFrame:
    """A message split into its parts, which are still compressed, except for its time of capture."""

    header: FrameHeader
    jpeg: bytes
    depth_lzfse: bytes
    confidence_lzfse: bytes
    time: CaptureTime = NO_TIME


@dataclass(frozen=True)
class DamagedMessage:
    """A message that is no frame; the next message can still be intact.

    Its parts do not add up to its size, its picture is `oversized`, or an app of an `other_age` has sent it.
    """

    reason: str
    kind: DamageKind = "damaged"


class MessageSplitter:
    """Incremental splitter of a stream. Bytes may arrive in any pieces; holds one message, at most MAX_BODY_BYTES."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages, headers included, that `data` completes.

        Raises ValueError if this is no Record3D stream: then hang up.
        """
        self._held += data
        while len(self._held) >= PEERTALK_HEADER.size:
            version, kind, _, size = PEERTALK_HEADER.unpack_from(self._held)
            if (version, kind) != (VERSION, FRAME_TYPE) or size > MAX_BODY_BYTES:
                raise ValueError(f"not a Record3D stream. Received: version {version}, type {kind}, {size} bytes")
            end = PEERTALK_HEADER.size + size
            if len(self._held) < end:
                return
            with memoryview(self._held) as held:
                message = bytes(held[:end])
            del self._held[:end]
            yield message


class StreamParser:
    """Incremental parser of a stream, like MessageSplitter."""

    def __init__(self) -> None:
        self._splitter = MessageSplitter()

    def feed(self, data: bytes) -> Iterator[WireFrame | DamagedMessage]:
        """Yield the messages that `data` completes. Raises ValueError if this is no Record3D stream: then hang up."""
        return map(split_parts, self._splitter.feed(data))


def split_parts(message: bytes) -> WireFrame | DamagedMessage:
    """Split a message, headers included, into its parts."""
    return _split_body(memoryview(message)[PEERTALK_HEADER.size :])


def decode_frame(wire: WireFrame, index: int, received_ns: int, detector: DepthDamageDetector | None = None) -> Frame:
    """Decode a message, all but its JPEG. `detector` checks the depth of each frame of a connection, in order.

    Raises ValueError if a part is damaged or does not have the size in the header, DepthDamageError if the depth map
    was damaged in transit.
    """
    header = wire.header
    depth_pixels = header.depth_width * header.depth_height
    if header.device_type >= len(DEVICE_TYPES):
        raise ValueError(f"device type must be 0 or 1. Received: {header.device_type}")
    if not 0 < depth_pixels <= MAX_DEPTH_PIXELS:
        raise ValueError(
            f"a depth map must have 1 to {MAX_DEPTH_PIXELS} pixels. Received: "
            f"{header.depth_width}x{header.depth_height}"
        )
    shape = header.depth_height, header.depth_width
    depth = np.frombuffer(inflate(wire.depth_lzfse, 4 * depth_pixels), dtype="<f4").reshape(shape)
    if detector is not None and (damage := detector.check(depth)) is not None:
        raise DepthDamageError(damage)
    confidence: UInt8Image | None = None
    if header.confidence_bytes:
        confidence = np.frombuffer(inflate(wire.confidence_lzfse, depth_pixels), dtype=np.uint8).reshape(shape)
        confidence = np.minimum(confidence, 2)
    return Frame(
        index=index,
        received_ns=received_ns,
        image=_picture(wire.jpeg, header.rgb_size),
        depth_m=clean_depth(depth),
        confidence=confidence,
        intrinsics=Intrinsics(header.fx, header.fy, header.cx, header.cy),
        pose=Pose.from_list([header.qx, header.qy, header.qz, header.qw, header.x_m, header.y_m, header.z_m]),
        camera=DEVICE_TYPES[header.device_type],
        camera_time_s=wire.time.camera_s,
        phone_time_unix_s=wire.time.phone_unix_s,
    )


def _picture(data: bytes, expected: tuple[int, int]) -> Jpeg:
    jpeg = Jpeg.checked(data)
    if jpeg.size != expected:
        raise ValueError(f"the JPEG must have the size in the header, {expected}. Received: {jpeg.size}")
    return jpeg


def _split_body(body: memoryview) -> WireFrame | DamagedMessage:
    if len(body) < FRAME_HEADER.size:
        return DamagedMessage(f"a frame must begin with {FRAME_HEADER.size} bytes of header. Received: {len(body)}")
    header = FrameHeader.parse(body)
    if header.body_bytes != len(body):
        if is_of_old_app(body):
            return DamagedMessage("frames of Record3D 1.7 to 1.9, which have another header", "other_age")
        return DamagedMessage(f"the parts add up to {header.body_bytes} bytes. Received: a body of {len(body)}")
    if header.rgb_width * header.rgb_height > MAX_PICTURE_PIXELS:
        limit = f"{MAX_PICTURE_PIXELS / 1e6:.1f} megapixels (3024x4032)"
        reason = f"{header.rgb_width}x{header.rgb_height} pixels; the limit is {limit}"
        return DamagedMessage(reason, "oversized")
    depth_at = FRAME_HEADER.size + header.rgb_bytes
    confidence_at = depth_at + header.depth_bytes
    misc_at = confidence_at + header.confidence_bytes
    return WireFrame(
        header,
        bytes(body[FRAME_HEADER.size : depth_at]),
        bytes(body[depth_at:confidence_at]),
        bytes(body[confidence_at:misc_at]),
        parse_misc(bytes(body[misc_at : misc_at + MAX_MISC_BYTES + 1])),
    )
