"""Ring buffer of frames in shared memory from one process to another: a slot as large as its frame, numbered, no lock.

One process writes, one reads. The writer announces each slot through a pipe, which orders memory and wakes the reader;
the reader releases slots by storing one counter. A stale read of that counter can only make the writer underestimate
the free slots. The writer's own counters are in the same memory, so that they outlive the writer.
"""

from __future__ import annotations

import shutil
from collections import deque
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import DepthMap
from capture.jpeg import UInt8Image
from capture.protocol.wire import MAX_DEPTH_PIXELS, MAX_PICTURE_PIXELS

# The largest frame that a header may announce: RGB, and depth with confidence.
MAX_FRAME_BYTES = 3 * MAX_PICTURE_PIXELS + 5 * MAX_DEPTH_PIXELS
RING_BYTES = 288 << 20  # 6 of the largest frames, 17 of 1932x2576, 24 of 1440x1920; untouched pages cost nothing
MIN_RING_BYTES = 48 << 20  # one of the largest
MAX_SLOTS = 24  # 0.4 s at 60 fps: longer than any observed pause of the reader
LOSSES = ("empty", "corrupt", "stale", "oversized", "ring_full")  # causes for which the writer drops a frame
_WRITERS_COUNTERS = 64  # frames received, then LOSSES; before them the reader's counter, in a cache line of its own
_OFFSETS = 128  # of the slots, by their number modulo MAX_SLOTS
_HEADER_BYTES = _OFFSETS + 8 * MAX_SLOTS
_ALIGNED = 64

Shape = tuple[int, ...]


class _Slot(NamedTuple):
    sequence: int
    begin: int


class FrameRing:
    """Ring buffer of frames: `create` it in the reading process, which owns the memory, and `attach` in the writer."""

    slots = MAX_SLOTS  # frames that it holds at most, if they are small enough

    def __init__(self, memory: SharedMemory, ring_bytes: int, owner: bool) -> None:
        self._memory, self.ring_bytes, self._owner = memory, ring_bytes, owner
        self._released: NDArray[np.uint64] = np.ndarray((1,), np.uint64, memory.buf)
        self._counters: NDArray[np.uint64] = np.ndarray((1 + len(LOSSES),), np.uint64, memory.buf, _WRITERS_COUNTERS)
        self._offsets: NDArray[np.uint64] = np.ndarray((MAX_SLOTS,), np.uint64, memory.buf, _OFFSETS)
        self._unread: deque[_Slot] = deque()  # the writer's: not released when it last looked
        self._end = 0  # of the newest slot
        self.written = 0

    @classmethod
    def create(cls) -> FrameRing:
        """Create a ring in at most half of the free shared memory. Raises LidarliveError if too little is free."""
        ring_bytes = min(RING_BYTES, _shared_memory_bytes() // 2)
        if ring_bytes < MIN_RING_BYTES:
            raise LidarliveError(
                f"shared memory is too small: {_shared_memory_bytes() >> 20} MB free in /dev/shm, "
                f"{2 * MIN_RING_BYTES >> 20} MB needed. In a container, start it with --shm-size=512m"
            )
        return cls(SharedMemory(create=True, size=_HEADER_BYTES + ring_bytes), ring_bytes, owner=True)

    @classmethod
    def attach(cls, name: str, ring_bytes: int) -> FrameRing:
        return cls(SharedMemory(name=name), ring_bytes, owner=False)

    @property
    def name(self) -> str:
        return self._memory.name

    @property
    def received(self) -> int:
        """Frames received by the writer, including dropped ones."""
        return int(self._counters[0])

    def losses(self) -> dict[str, int]:
        """Frames dropped by the writer, by cause; causes that did not occur are missing."""
        return {cause: int(count) for cause, count in zip(LOSSES, self._counters[1:], strict=True) if count}

    def count_received(self) -> None:
        """Count a frame received by the writer."""
        self._counters[0] += 1

    def count_lost(self, cause: str) -> None:
        """Count a frame dropped by the writer for one of LOSSES."""
        self._counters[1 + LOSSES.index(cause)] += 1

    def write(self, rgb: UInt8Image, depth_m: DepthMap, confidence: UInt8Image | None) -> int | None:
        """Copy a frame into the next slot. Returns its sequence number, or None if there is no room.

        Raises ValueError if the frame is larger than any camera's.
        """
        parts: list[UInt8Image | DepthMap] = [rgb, depth_m]
        if confidence is not None:
            parts.append(confidence)
        size = sum(part.nbytes for part in parts)
        if size > MAX_FRAME_BYTES:
            raise ValueError(f"a frame must fit into {MAX_FRAME_BYTES} bytes. Received: rgb {rgb.shape}")
        begin = self._room(-(-size // _ALIGNED) * _ALIGNED)
        if begin is None:
            return None
        offset = _HEADER_BYTES + begin
        for part in parts:
            np.copyto(self._view(offset, part.shape, part.dtype), part)
            offset += part.nbytes
        sequence, self.written = self.written, self.written + 1
        self._offsets[sequence % MAX_SLOTS] = begin
        self._unread.append(_Slot(sequence, begin))
        return sequence

    def _room(self, size: int) -> int | None:
        """Return where a slot of `size` bytes can begin, and reserve it; None if nowhere."""
        released = int(self._released[0])
        while self._unread and self._unread[0].sequence < released:
            self._unread.popleft()
        if len(self._unread) == MAX_SLOTS:
            return None
        begin = self._place(size)
        if begin is not None:
            self._end = begin + size
        return begin

    def _place(self, size: int) -> int | None:
        # Frames of one size use MAX_SLOTS slots at the beginning, so that no more memory is touched than needed.
        usual = self._end + size <= min(self.ring_bytes, MAX_SLOTS * size)
        if not self._unread:
            return self._end if usual else 0
        first, newest = self._unread[0].begin, self._unread[-1].begin
        if newest < first:  # what is unread reaches over the end of the ring
            return self._end if self._end + size <= first else None
        if usual:
            return self._end
        if size <= first:
            return 0
        return self._end if self._end + size <= self.ring_bytes else None

    def read(
        self, sequence: int, rgb_shape: Shape, depth_shape: Shape, confidence_shape: Shape | None
    ) -> tuple[UInt8Image, DepthMap, UInt8Image | None]:
        """Copy the frame `sequence` out and release its slot. Frames must be read in order."""
        offset = _HEADER_BYTES + int(self._offsets[sequence % MAX_SLOTS])
        rgb = self._view(offset, rgb_shape, np.dtype(np.uint8)).copy()
        offset += rgb.nbytes
        depth_m = self._view(offset, depth_shape, np.dtype(np.float32)).copy()
        confidence = None
        if confidence_shape is not None:
            confidence = self._view(offset + depth_m.nbytes, confidence_shape, np.dtype(np.uint8)).copy()
        self._released[0] = sequence + 1
        return rgb, depth_m, confidence

    def close(self) -> None:
        """Unmap the memory; the owner also frees it."""
        del self._released, self._counters, self._offsets
        self._memory.close()
        if self._owner:
            self._memory.unlink()

    def _view(self, offset: int, shape: Shape, dtype: np.dtype) -> NDArray:  # type: ignore[type-arg]
        return np.ndarray(shape, dtype, self._memory.buf, offset)


def _shared_memory_bytes() -> int:
    folder = Path("/dev/shm")  # only Linux limits shared memory separately
    return shutil.disk_usage(folder).free if folder.is_dir() else 2 * RING_BYTES
