"""The stream's bytes to frames by our own parser: every length is checked before memory is taken. No I/O here.

bytes ──Receiver.feed──► WireFrame or Damaged ──decoded──► Frame, with the phone's own JPEG not yet decoded
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from capture.frame import Frame, Intrinsics, Pose, UInt8Image, clean_depth
from capture.jpeg import Jpeg
from capture.protocol.depth_damage import DepthFlawError, DepthFlaws
from capture.protocol.lzfse import inflate
from capture.protocol.wire import DEVICE_TYPES, FRAME_HEADER, FRAME_TYPE, MAX_BODY_BYTES, PEERTALK_HEADER, FrameHeader
from capture.protocol.wire import PEERTALK_VERSION as VERSION


@dataclass(frozen=True)
class WireFrame:
    """One message taken apart; the parts are still compressed."""

    header: FrameHeader
    jpeg: bytes
    depth_lzfse: bytes
    confidence_lzfse: bytes


@dataclass(frozen=True)
class Damaged:
    """A message whose parts do not add up; the next one can still be whole."""

    reason: str


class Receiver:
    """Takes the tunnel's bytes in any pieces; holds one message at most, which is at most MAX_BODY_BYTES."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[WireFrame | Damaged]:
        """The messages that `data` completes. Raises ValueError where the bytes are no such stream: then hang up."""
        self._held += data
        while len(self._held) >= PEERTALK_HEADER.size:
            version, kind, _, size = PEERTALK_HEADER.unpack_from(self._held)
            if (version, kind) != (VERSION, FRAME_TYPE) or size > MAX_BODY_BYTES:
                raise ValueError(f"not a Record3D stream. Received: version {version}, type {kind}, {size} bytes")
            end = PEERTALK_HEADER.size + size
            if len(self._held) < end:
                return
            with memoryview(self._held) as held:
                message = _taken_apart(held[PEERTALK_HEADER.size : end])
            del self._held[:end]
            yield message


def decoded(wire: WireFrame, index: int, received_ns: int, flaws: DepthFlaws | None = None) -> Frame:
    """The frame in a message; `flaws` looks at its depth as it came, where frames of one connection come in order.

    Raises ValueError where a part is not whole or not of the size the header says, DepthFlawError where the depth has a
    flaw.
    """
    header = wire.header
    depth_pixels = header.depth_width * header.depth_height
    if header.device_type >= len(DEVICE_TYPES):
        raise ValueError(f"device type must be 0 or 1. Received: {header.device_type}")
    if not 0 < 4 * depth_pixels <= MAX_BODY_BYTES:
        raise ValueError(f"no depth map has this size. Received: {header.depth_width}x{header.depth_height}")
    shape = header.depth_height, header.depth_width
    depth = np.frombuffer(inflate(wire.depth_lzfse, 4 * depth_pixels), dtype="<f4").reshape(shape)
    if flaws is not None and (flaw := flaws.flaw(depth)) is not None:
        raise DepthFlawError(flaw)
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
    )


def _picture(data: bytes, expected: tuple[int, int]) -> Jpeg:
    jpeg = Jpeg.checked(data)
    if jpeg.size != expected:
        raise ValueError(f"the JPEG must be {expected} as its header says. Received: {jpeg.size}")
    return jpeg


def _taken_apart(body: memoryview) -> WireFrame | Damaged:
    if len(body) < FRAME_HEADER.size:
        return Damaged(f"a frame begins with {FRAME_HEADER.size} bytes. Received: {len(body)}")
    header = FrameHeader.parse(body)
    if header.body_bytes != len(body):
        return Damaged(f"parts of {header.body_bytes} bytes do not fill the body. Received: {len(body)}")
    depth_at = FRAME_HEADER.size + header.rgb_bytes
    confidence_at = depth_at + header.depth_bytes
    return WireFrame(
        header,
        bytes(body[FRAME_HEADER.size : depth_at]),
        bytes(body[depth_at:confidence_at]),
        bytes(body[confidence_at : confidence_at + header.confidence_bytes]),
    )
