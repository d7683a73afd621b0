"""Driver `record3d`: reads the phone with the official package.

    usbmuxd ── Relay ──► record3d's own thread ── on_new_frame ──► ring slot + pipe message ──► Record3dSource ──► Frame

The package runs in a child process (`process.py`), a new one for every connection; a watchdog here kills a child that
hangs or goes silent.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from capture.errors import LidarliveError
from capture.frame import Camera, Frame, Intrinsics, Pose, clean_depth
from capture.protocol.gate import GateCounts
from capture.sources.phone import POLL_S, SILENCE_S, PhoneSource
from capture.sources.record3d.child import Child
from capture.sources.record3d.process import SlotHeader
from capture.sources.record3d.relay import Relay
from capture.sources.record3d.shared_ring import FrameRing
from capture.usb.usbmuxd import Device, default_address

CONNECT_TIMEOUT_S = 10.0  # importing record3d, finding the phone, opening the tunnel
_IN_TRANSIT = "the depth map was damaged in transit. Received: {} data"
DAMAGE = {  # causes for which the child drops a frame that is none
    "empty": "a frame must have pixels. Received: none",
    "corrupt": _IN_TRANSIT.format("corrupt"),
    "stale": _IN_TRANSIT.format("stale"),
}


def package_installed() -> bool:
    """Whether `record3d` is installed; it has no wheel for macOS."""
    return importlib.util.find_spec("record3d") is not None


class Record3dSource(PhoneSource):
    """Frames of one phone through the `record3d` package, in a child process for each connection."""

    name = "record3d"
    _relay: Relay | None = None  # of the newest connection

    def waiting_bytes(self) -> int:
        return self._relay.held_bytes if self._relay is not None else 0

    def __iter__(self) -> Iterator[Frame]:
        if not package_installed():
            raise LidarliveError("the package record3d is not installed: type `pip install record3d` (not on macOS)")
        return super().__iter__()

    def _one_connection(self, phone: Device) -> Generator[Frame]:
        with (
            Relay(self._address or default_address()) as relay,
            tempfile.TemporaryDirectory(prefix="lidarlive-") as folder,
        ):
            self._relay = relay
            child = Child.start(phone.serial, relay, Path(folder) / "output", self._next_index)
            try:
                yield from self._frames(child)
            finally:
                self._count(child, child.ring.losses(), before=child.relay.gate.counts.passed)
                self._next_index = child.first_index + child.ring.received
                child.end()

    def _frames(self, child: Child) -> Iterator[Frame]:
        deadline_s, progress = time.monotonic() + CONNECT_TIMEOUT_S, child.progress
        while not self.closed:
            try:
                message = child.pipe.recv() if child.pipe.poll(POLL_S) else None
            except (EOFError, OSError):
                self._note_death(child)
                return
            if isinstance(message, SlotHeader):
                self._count(child, message.lost, before=message.stream_index)
            else:
                losses = child.ring.losses()
                self._count(child, losses, before=child.taken + sum(losses.values()))
            child.output.read_sometimes()
            if child.progress != progress:
                progress, deadline_s = child.progress, time.monotonic() + SILENCE_S
            if isinstance(message, SlotHeader):
                yield from self._frame(child, message)
            elif message is not None and message.kind == "connected":
                deadline_s = time.monotonic() + SILENCE_S
                self._note_child_connected(child)
            elif message is not None:
                raise LidarliveError(message.detail)
            elif child.relay.gate.counts.unreadable:
                self._note_unreadable(child)
                return
            elif time.monotonic() > deadline_s:
                self._note_silence(child)
                return

    def _frame(self, child: Child, header: SlotHeader) -> Iterator[Frame]:
        """Yield the frame, unless its numbers are impossible, such as a focal length that is not finite."""
        child.taken += 1
        try:
            frame = _frame(child.ring, header, child.first_index + header.stream_index)
        except ValueError as error:
            self._note_refused("damaged", str(error))
        else:
            yield frame

    def _count(self, child: Child, losses: dict[str, int], before: int) -> None:
        """Count what has arrived since the last call, and what was dropped of it.

        `losses`: of the child; `before`: of what the relay has refused, what arrived before this message for the child.
        """
        arrived = child.relay.gate.counts
        if arrived.received_bytes:
            self._note_child_connected(child)  # the stream may be ahead of the child's own announcement
            self._arrived.received(arrived.received_bytes - child.received_bytes)
            child.received_bytes = arrived.received_bytes
            self._arrived.undecoded(arrived.passed - child.ring.received)
            refused = child.refused_before(before)
            self._note_all_refused(child.counts, refused)
            child.first_index += refused.refused - child.counts.refused  # their indices: a gap is a loss
            child.counts = refused
        for cause, count in child.new_losses(losses).items():
            self.count_lost(cause, count)
            if cause in DAMAGE:
                self._arrived.refused("damaged", DAMAGE[cause], count)

    def _note_all_refused(self, before: GateCounts, now: GateCounts) -> None:
        if now.damaged != before.damaged:
            self._note_refused("damaged", now.damage, now.damaged - before.damaged)
        if now.oversized != before.oversized:
            self._note_refused("oversized", now.oversize, now.oversized - before.oversized)
        if now.other_age != before.other_age:
            self._note_refused("other_age", "", now.other_age - before.other_age)

    def _note_child_connected(self, child: Child) -> None:
        if not child.is_connected:
            self._note_connected()
            child.first_index, child.is_connected = self._next_index, True

    def _note_death(self, child: Child) -> None:
        """Note why the child has ended. All announced frames are read; those it did not announce died with it."""
        self._count(child, child.ring.losses(), before=child.relay.gate.counts.passed)
        self.count_lost("disconnected", child.unannounced)
        if child.relay.gate.counts.unreadable:
            self._note_unreadable(child)
            return
        crash = child.crash()
        if crash:
            self._arrived.crashed(crash)
            self._note_end(crash)
        else:
            self._note_hang_up("the phone closed the stream")

    def _note_unreadable(self, child: Child) -> None:
        reason = child.relay.gate.counts.unreadable
        self._arrived.unreadable(reason)
        self._note_end(reason)

    def _note_silence(self, child: Child) -> None:
        if child.is_connected and child.relay.gate.counts.passed <= child.ring.received:
            self._note_end("the phone sends nothing")
            return
        hang = "the package record3d hangs" + ("" if child.is_connected else " while it connects")
        self._arrived.crashed(hang)
        self._note_end(hang)


def _frame(ring: FrameRing, header: SlotHeader, index: int) -> Frame:
    rgb, depth_m, confidence = ring.read(header.sequence, header.rgb_shape, header.depth_shape, header.confidence_shape)
    return Frame(
        index=index,
        received_ns=header.received_ns,
        image=rgb,
        depth_m=clean_depth(depth_m),
        confidence=None if confidence is None else np.minimum(confidence, 2),
        intrinsics=Intrinsics(*header.intrinsics),
        pose=Pose.from_list(list(header.pose)),
        camera=Camera.TRUEDEPTH if header.device_type == 0 else Camera.LIDAR,
        camera_time_s=header.time.camera_s,
        phone_time_unix_s=header.time.phone_unix_s,
    )
