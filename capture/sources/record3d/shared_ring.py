"""Ring buffer of frames in shared memory from one process to another: fixed slots, sequence numbers, no lock.

One process writes, one reads. The writer announces each slot through a pipe, which orders memory and wakes the reader;
the reader releases slots by storing one counter. A stale read of that counter can only make the writer underestimate
the free slots. The writer's own counters are in the same memory, so that they outlive the writer.
"""

from __future__ import annotations

import shutil
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import DepthMap
from capture.jpeg import UInt8Image

SLOT_BYTES = 12 << 20  # 1440x1920 RGB (8.3 MB) with the largest depth and confidence (480x640: 1.5 MB), and room
MAX_SLOTS = 24  # 0.4 s at 60 fps: longer than any observed pause of the reader; untouched pages cost nothing
MIN_SLOTS = 4
LOSSES = ("empty", "corrupt", "stale", "oversized", "ring_full")  # causes for which the writer drops a frame
_HEADER_BYTES = 128  # two cache lines: the reader's counter of released slots, and the writer's counters
_WRITERS_COUNTERS = 64  # frames received, then LOSSES

Shape = tuple[int, ...]


class FrameRing:
    """Ring buffer of frames: `create` it in the reading process, which owns the memory, and `attach` in the writer."""

    def __init__(self, memory: SharedMemory, slots: int, owner: bool) -> None:
        self._memory, self.slots, self._owner = memory, slots, owner
        self._released: NDArray[np.uint64] = np.ndarray((1,), np.uint64, memory.buf)
        self._counters: NDArray[np.uint64] = np.ndarray((1 + len(LOSSES),), np.uint64, memory.buf, _WRITERS_COUNTERS)
        self.written = 0

    @classmethod
    def create(cls) -> FrameRing:
        """Create a ring in at most half of the free shared memory. Raises LidarliveError if too little is free."""
        slots = min(MAX_SLOTS, _shared_memory_bytes() // 2 // SLOT_BYTES)
        if slots < MIN_SLOTS:
            raise LidarliveError(
                f"shared memory is too small: {_shared_memory_bytes() >> 20} MB free in /dev/shm, "
                f"{2 * MIN_SLOTS * SLOT_BYTES >> 20} MB needed. In a container, start it with --shm-size=512m"
            )
        return cls(SharedMemory(create=True, size=_HEADER_BYTES + slots * SLOT_BYTES), slots, owner=True)

    @classmethod
    def attach(cls, name: str, slots: int) -> FrameRing:
        return cls(SharedMemory(name=name), slots, owner=False)

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
        """Copy a frame into the next slot. Returns its sequence number, or None if all slots are in use.

        Raises ValueError if the frame is larger than a slot.
        """
        parts: list[UInt8Image | DepthMap] = [rgb, depth_m]
        if confidence is not None:
            parts.append(confidence)
        if sum(part.nbytes for part in parts) > SLOT_BYTES:
            raise ValueError(f"a frame must fit into {SLOT_BYTES} bytes. Received: rgb {rgb.shape}")
        sequence = self.written
        if sequence - int(self._released[0]) >= self.slots:
            return None
        offset = self._offset(sequence)
        for part in parts:
            np.copyto(self._view(offset, part.shape, part.dtype), part)
            offset += part.nbytes
        self.written += 1
        return sequence

    def read(
        self, sequence: int, rgb_shape: Shape, depth_shape: Shape, confidence_shape: Shape | None
    ) -> tuple[UInt8Image, DepthMap, UInt8Image | None]:
        """Copy the frame `sequence` out and release its slot. Frames must be read in order."""
        offset = self._offset(sequence)
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
        del self._released, self._counters
        self._memory.close()
        if self._owner:
            self._memory.unlink()

    def _offset(self, sequence: int) -> int:
        return _HEADER_BYTES + sequence % self.slots * SLOT_BYTES

    def _view(self, offset: int, shape: Shape, dtype: np.dtype) -> NDArray:  # type: ignore[type-arg]
        return np.ndarray(shape, dtype, self._memory.buf, offset)


def _shared_memory_bytes() -> int:
    folder = Path("/dev/shm")  # only Linux limits shared memory separately
    return shutil.disk_usage(folder).free if folder.is_dir() else MAX_SLOTS * SLOT_BYTES * 2
