"""The phone through the official `record3d` package.

    record3d's own thread ── on_new_frame ──► ring slot + pipe message ──► UsbSource (this process) ──► Frame

The package lives in a child process (`capture.record3d_process`); a watchdog here ends a child that hangs or falls
silent, and every connection gets a new one.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np

from capture.frame import Camera, CaptureError, Frame, Intrinsics, Pose, clean_depth
from capture.phone_source import POLL_S, SILENCE_S, PhoneSource
from capture.record3d_process import FrameHeader, capture_process
from capture.ring import FrameRing
from capture.usbmuxd import Device, default_address

CONNECT_TIMEOUT_S = 10.0  # importing record3d, finding the phone, opening the tunnel


def package_installed() -> bool:
    """Whether `record3d` is there; it has no wheel for macOS."""
    return importlib.util.find_spec("record3d") is not None


class UsbSource(PhoneSource):
    """Frames of one phone through the `record3d` package, in a child process for each connection."""

    def __iter__(self) -> Iterator[Frame]:
        if not package_installed():
            raise CaptureError("the package record3d is not installed: type `pip install record3d` (not on macOS)")
        return super().__iter__()

    def _one_connection(self, phone: Device) -> Iterator[Frame]:
        ring = FrameRing.create()
        pipe, process = start_child(ring, phone.serial, self._address)
        child = _Child(process, pipe, ring)
        try:
            yield from self._frames(child)
        finally:
            child.end()

    def _frames(self, child: _Child) -> Iterator[Frame]:
        deadline_s = time.monotonic() + CONNECT_TIMEOUT_S
        lost_before: dict[str, int] = {}
        first_index = self._next_index
        while not self.closed:
            try:
                message = child.pipe.recv() if child.pipe.poll(POLL_S) else None
            except (EOFError, OSError):
                self._note_end(f"the capture process ended ({child.exit_reason()})")
                return
            if message is None:
                if time.monotonic() > deadline_s:
                    self._note_end("the phone sends nothing")
                    return
            elif isinstance(message, FrameHeader):
                deadline_s = time.monotonic() + SILENCE_S
                for cause, count in message.lost.items():
                    self.count_lost(cause, count - lost_before.get(cause, 0))
                lost_before = message.lost
                self._next_index = first_index + message.stream_index + 1
                try:
                    frame = _frame(child.ring, message, first_index + message.stream_index)
                except ValueError:  # numbers no camera has, such as a focal length that is not finite
                    self.count_lost("corrupt", 1)
                else:
                    yield frame
            elif message.kind == "connected":
                deadline_s = time.monotonic() + SILENCE_S
                self._note_connected()
                first_index = self._next_index
            else:
                raise CaptureError(message.detail)


class _Child:
    """The capture process as its parent holds it."""

    def __init__(self, process: BaseProcess, pipe: Connection, ring: FrameRing) -> None:
        self.process, self.pipe, self.ring = process, pipe, ring

    def exit_reason(self) -> str:
        self.process.join(1)
        code = self.process.exitcode
        return "stream closed by the phone" if code == 0 else f"exit status {code}"

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.ring.close()


def start_child(ring: FrameRing, serial: str, address: str | None) -> tuple[Connection, BaseProcess]:
    """Start the capture process; its end of the pipe is closed here, so that its death reads as end of file."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=capture_process,
        args=(theirs, ring.name, ring.slots, serial, address or default_address()),
        name="lidarlive-capture",
        daemon=True,
    )
    process.start()
    theirs.close()
    return ours, process


def _frame(ring: FrameRing, header: FrameHeader, index: int) -> Frame:
    rgb, depth_m, confidence = ring.read(header.sequence, header.rgb_shape, header.depth_shape, header.confidence_shape)
    return Frame(
        index=index,
        received_ns=header.received_ns,
        rgb=rgb,
        depth_m=clean_depth(depth_m),
        confidence=None if confidence is None else np.minimum(confidence, 2),
        intrinsics=Intrinsics(*header.intrinsics),
        pose=Pose.from_list(list(header.pose)),
        camera=Camera.TRUEDEPTH if header.device_type == 0 else Camera.LIDAR,
    )
