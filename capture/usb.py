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
from capture.record3d_process import FrameHeader, capture_process
from capture.ring import FrameRing
from capture.source import Source
from capture.usbmuxd import default_address, list_devices

CONNECT_TIMEOUT_S = 10.0  # importing record3d, finding the phone, opening the tunnel
SILENCE_S = 5.0  # a connected phone that sends nothing for this long is connected to anew
RETRY_S = 0.5  # between attempts
POLL_S = 0.1  # how soon a wait notices that the source was closed


class UsbSource(Source):
    """Frames of one phone, in order, across crashes of the child and reconnects of the phone.

    Iterating blocks at most POLL_S between looks at `close`. With `wait` a phone that is not there (or whose app does
    not stream) is waited for; without, that raises CaptureError before the first frame.
    """

    def __init__(self, label: str, serial: str | None = None, address: str | None = None, wait: bool = True) -> None:
        super().__init__(label)
        self._serial, self._address, self._wait = serial, address, wait
        self._next_index = 0
        self._connected_before = False

    def __iter__(self) -> Iterator[Frame]:
        if importlib.util.find_spec("record3d") is None:
            raise CaptureError(
                "the package record3d, which talks to the phone, is not installed here: on Linux and Windows type "
                "`pip install record3d`; for macOS there is none, and live streams do not work there yet"
            )
        while not self.closed:
            try:
                self._find_phone()
                yield from self._one_connection()
            except CaptureError as error:
                if not self._wait and not self._connected_before:
                    raise
                self.set_state("waiting", str(error))
            if self.over():
                break
            self.wait(RETRY_S)
        self.set_state("ended")

    def over(self) -> bool:
        """Whether no more frames can come. A phone may always come back; a stand-in that played to its end does not."""
        return False

    def _find_phone(self) -> None:
        serials = [device.serial for device in list_devices(self._address)]
        if not serials:
            raise CaptureError("no phone found: connect the iPhone with a USB cable, unlock it and tap Trust")
        if self._serial is not None and self._serial not in serials:
            raise CaptureError(f"no phone with the serial {self._serial}; connected: {', '.join(serials)}")

    def _one_connection(self) -> Iterator[Frame]:
        """Frames of one child, from its start until it ends for whatever reason."""
        if self._connected_before:
            self.set_state("connecting", "connecting again")
        else:
            self.set_state("connecting", "connecting to the phone")
        ring = FrameRing.create()
        pipe, process = start_child(ring, self._serial, self._address)
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

    def _note_connected(self) -> None:
        if self._connected_before:
            # How many frames passed while nobody listened cannot be known: at least one.
            self._next_index += 1
            self.count_lost("disconnected", 1)
        self._connected_before = True
        self.set_state("streaming")

    def _note_end(self, reason: str) -> None:
        self.set_state("waiting", f"{reason}; connecting again")


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


def start_child(ring: FrameRing, serial: str | None, address: str | None) -> tuple[Connection, BaseProcess]:
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
