"""Keep from the `record3d` package what it cannot survive, and count it.

bytes ──StreamGate.feed──► whole messages, unchanged

The package trusts the sizes in a header: one that contradicts its message is a crash, gigabytes of memory, or a depth
map with rows of the one before. What else a JPEG may hold is the package's own business: its size is checked here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from capture.jpeg import announced_size
from capture.protocol.lzfse import inflated_size
from capture.protocol.parser import DamagedMessage, MessageSplitter, WireFrame, split_parts
from capture.protocol.wire import DEVICE_TYPES, MAX_DEPTH_PIXELS

REFUSALS = 1024  # 17 s of a stream at 60 fps of which nothing passes


@dataclass(frozen=True)
class GateCounts:
    """What has passed the gate so far and what not, by kind, with the reason of the newest of a kind.

    `unreadable`: why the bytes are not, or no longer, a Record3D stream.
    """

    received_bytes: int = 0
    passed: int = 0
    damaged: int = 0
    damage: str = ""
    oversized: int = 0
    oversize: str = ""
    other_age: int = 0
    unreadable: str = ""

    @property
    def refused(self) -> int:
        return self.damaged + self.oversized + self.other_age


class StreamGate:
    """Filter of one connection's stream. One thread feeds it; any other may read `counts`, and one take `refusals`.

    `refusals`: the counts after each refusal; if nobody takes them, the newest remain, which include all before them.
    """

    def __init__(self) -> None:
        self._splitter = MessageSplitter()
        self.counts = GateCounts()  # replaced, never changed
        self.refusals: deque[GateCounts] = deque(maxlen=REFUSALS)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the whole messages that `data` completes, headers included.

        If this is no Record3D stream, `counts.unreadable` is set, and nothing passes any more: then hang up.
        """
        counts = replace(self.counts, received_bytes=self.counts.received_bytes + len(data))
        passed: list[bytes] = []
        try:
            for message in self._splitter.feed(data):
                if (fault := fault_of(message)) is None:
                    passed.append(message)
                    counts = replace(counts, passed=counts.passed + 1)
                else:
                    counts = _with(counts, fault)
                    self.refusals.append(counts)
        except ValueError as error:
            counts = replace(counts, unreadable=str(error))
        self.counts = counts
        return passed


def _with(counts: GateCounts, fault: DamagedMessage) -> GateCounts:
    if fault.kind == "other_age":
        return replace(counts, other_age=counts.other_age + 1)
    if fault.kind == "oversized":
        return replace(counts, oversized=counts.oversized + 1, oversize=fault.reason)
    return replace(counts, damaged=counts.damaged + 1, damage=fault.reason)


def fault_of(message: bytes) -> DamagedMessage | None:
    """Return why a message, headers included, must not reach the package; None if it may."""
    parts = split_parts(message)
    if isinstance(parts, DamagedMessage):
        return parts
    try:
        _check(parts)
    except ValueError as error:
        return DamagedMessage(str(error))
    return None


def _check(wire: WireFrame) -> None:
    """Raise ValueError if a part does not have the size in the header. Nothing is decompressed."""
    header = wire.header
    if header.device_type >= len(DEVICE_TYPES):
        raise ValueError(f"device type must be 0 or 1. Received: {header.device_type}")
    if (size := announced_size(wire.jpeg)) != header.rgb_size:
        raise ValueError(f"the JPEG must have the size in the header, {header.rgb_size}. Received: {size}")
    if not 0 < header.depth_width * header.depth_height <= MAX_DEPTH_PIXELS:
        pixels = f"{header.depth_width}x{header.depth_height}"
        raise ValueError(f"a depth map must have 1 to {MAX_DEPTH_PIXELS} pixels. Received: {pixels}")
    _check_inflated(wire.depth_lzfse, 4 * header.depth_width * header.depth_height)
    if header.confidence_bytes:
        _check_inflated(wire.confidence_lzfse, header.confidence_width * header.confidence_height)


def _check_inflated(data: bytes, expected_bytes: int) -> None:
    if (size := inflated_size(data)) != expected_bytes:
        raise ValueError(f"LZFSE must decompress to {expected_bytes} bytes. Received: {size}")
