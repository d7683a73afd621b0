"""Driver `record3d`: reads the phone with the official package.

    usbmuxd ── Relay ──► record3d's own thread ── on_new_frame ──► ring slot + pipe message ──► Record3dSource ──► Frame

The package runs in a child process (`process.py`), a new one for every connection; a watchdog here kills a child that
hangs or goes silent.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Generator, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np

from capture.errors import LidarliveError
from capture.frame import Camera, Frame, Intrinsics, Pose, clean_depth
from capture.sources.phone import POLL_S, SILENCE_S, PhoneSource
from capture.sources.record3d.process import SlotHeader, capture_process
from capture.sources.record3d.relay import Relay
from capture.sources.record3d.shared_ring import FrameRing
from capture.usb.usbmuxd import Device, default_address

CONNECT_TIMEOUT_S = 10.0  # importing record3d, finding the phone, opening the tunnel


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
        with Relay(self._address or default_address()) as relay:
            self._relay = relay
            ring = FrameRing.create()
            pipe, process = start_child(ring, phone.serial, relay.address)
            child = _Child(process, pipe, ring, self._next_index)
            try:
                yield from self._frames(child)
            finally:
                self._count_losses(child, ring.losses())
                self._next_index = child.first_index + ring.received
                child.end()

    def _frames(self, child: _Child) -> Iterator[Frame]:
        deadline_s = time.monotonic() + CONNECT_TIMEOUT_S
        received = 0
        while not self.closed:
            try:
                message = child.pipe.recv() if child.pipe.poll(POLL_S) else None
            except (EOFError, OSError):
                # All announced frames are read; those it received and did not announce died with it.
                unannounced = child.ring.received - child.taken - sum(child.ring.losses().values())
                self.count_lost("disconnected", unannounced)
                self._note_end(f"the capture process ended ({child.exit_reason()})")
                return
            if child.ring.received != received:
                received, deadline_s = child.ring.received, time.monotonic() + SILENCE_S
            if message is None:
                self._count_losses(child, child.ring.losses())
                if time.monotonic() > deadline_s:
                    self._note_end("the phone sends nothing")
                    return
            elif isinstance(message, SlotHeader):
                self._count_losses(child, message.lost)
                child.taken += 1
                try:
                    frame = _frame(child.ring, message, child.first_index + message.stream_index)
                except ValueError:  # impossible numbers, such as a focal length that is not finite
                    self.count_lost("corrupt", 1)
                else:
                    yield frame
            elif message.kind == "connected":
                deadline_s = time.monotonic() + SILENCE_S
                self._note_connected()
                child.first_index = self._next_index
            else:
                raise LidarliveError(message.detail)

    def _count_losses(self, child: _Child, losses: dict[str, int]) -> None:
        """Count the child's losses so far, minus those counted already."""
        for cause, count in losses.items():
            self.count_lost(cause, count - child.counted.get(cause, 0))
        child.counted = losses


class _Child:
    """Parent-side handle of the capture process. `first_index`: stream index of its first frame."""

    def __init__(self, process: BaseProcess, pipe: Connection, ring: FrameRing, first_index: int) -> None:
        self.process, self.pipe, self.ring, self.first_index = process, pipe, ring, first_index
        self.taken = 0  # frames read from it
        self.counted: dict[str, int] = {}  # its losses that the source has counted

    def exit_reason(self) -> str:
        self.process.join(1)
        code = self.process.exitcode
        return "stream closed by the phone" if code == 0 else f"exit status {code}"

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.ring.close()


def start_child(ring: FrameRing, serial: str, address: str) -> tuple[Connection, BaseProcess]:
    """Start the capture process. Its end of the pipe is closed here, so that its death reads as end of file."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=capture_process,
        args=(theirs, ring.name, ring.slots, serial, address),
        name="lidarlive-capture",
        daemon=True,
    )
    process.start()
    theirs.close()
    return ours, process


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
