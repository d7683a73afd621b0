"""The phone through the official `record3d` package, which lives in a child process because it can crash or hang.

    record3d's own thread ── on_new_frame ──► ring slot + pipe message ──► UsbSource (this process) ──► Frame

The package is survived from outside: getters are read inside its callback only (outside it they mix frames), every
connection is a process of its own (its `disconnect` leaks and deadlocks), the child's address space is limited (it
takes whatever size the wire names), and a watchdog ends a child that hangs or falls silent.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

import numpy as np

from capture.frame import Camera, CaptureError, Frame, Intrinsics, Pose, clean_depth
from capture.ring import FrameRing, Shape
from capture.source import Source
from capture.usbmuxd import ADDRESS_VARIABLE, default_address, list_devices

if TYPE_CHECKING:
    from record3d import Record3DStream

CONNECT_TIMEOUT_S = 10.0  # importing record3d, finding the phone, opening the tunnel
SILENCE_S = 5.0  # a connected phone that sends nothing for this long is connected to anew
RETRY_S = 0.5  # between attempts
POLL_S = 0.1  # how soon a wait notices that the source was closed
CHILD_MEMORY_BYTES = 1 << 30  # on top of what the child takes at its start; the largest real frame takes 20 MB

NOT_STREAMING = (
    "the phone is connected, but the Record3D app is not streaming: in the app choose Settings > Live RGBD Video "
    "Streaming > USB, then press the red record button"
)


@dataclass(frozen=True)
class FrameHeader:
    """What the child says of a frame that lies in the ring. `lost` are the child's own losses so far, by cause."""

    stream_index: int
    sequence: int
    received_ns: int
    rgb_shape: Shape
    depth_shape: Shape
    confidence_shape: Shape | None
    intrinsics: tuple[float, float, float, float]
    pose: tuple[float, ...]
    device_type: int
    lost: dict[str, int]


@dataclass(frozen=True)
class ChildEvent:
    """`connected`, or `failed` with one line that says why."""

    kind: str
    detail: str = ""


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
                yield _frame(child.ring, message, first_index + message.stream_index)
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


def capture_process(pipe: Connection, ring_name: str, slots: int, serial: str | None, address: str) -> None:
    """The child: record3d's thread copies frames into the ring; the main thread blocks until the parent is gone.

    It ends by `os._exit` always: taking record3d's stream object down while it streams is a segmentation fault.
    """
    os.environ[ADDRESS_VARIABLE] = address
    _limit_memory()
    from record3d import Record3DStream

    devices = [d for d in Record3DStream.get_connected_devices() if serial is None or d.udid == serial]
    if not devices:
        _leave(pipe, ChildEvent("failed", "the phone was unplugged"))
    stream = Record3DStream()
    receiver = _Receiver(stream, pipe, FrameRing.attach(ring_name, slots))
    stream.on_new_frame = receiver.on_new_frame
    stream.on_stream_stopped = receiver.on_stream_stopped
    if not stream.connect(devices[0]):
        _leave(pipe, ChildEvent("failed", NOT_STREAMING))
    receiver.announce_connected()
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()  # the parent never sends: this returns when it is gone
    os._exit(0)


class _Receiver:
    """record3d's callbacks. An exception that leaves one aborts the process, so they let none out."""

    def __init__(self, stream: Record3DStream, pipe: Connection, ring: FrameRing) -> None:
        self._stream, self._pipe, self._ring = stream, pipe, ring
        self._count = 0
        self._lost: dict[str, int] = {}
        self._first_message = threading.Lock()
        self._announced = False

    def announce_connected(self) -> None:
        """Frames may come before `connect` has returned: whichever is first announces the connection."""
        with self._first_message:
            if not self._announced:
                self._announced = True
                self._pipe.send(ChildEvent("connected"))

    def on_new_frame(self) -> None:
        try:
            self.announce_connected()
            header = self._take()
            if header is not None:
                self._pipe.send(header)
        except BaseException as error:
            print(f"capture process: {error!r}", file=sys.stderr, flush=True)
            os._exit(70)

    def on_stream_stopped(self) -> None:
        os._exit(0)

    def _take(self) -> FrameHeader | None:
        received_ns = time.perf_counter_ns()
        stream = self._stream
        rgb, depth_m = stream.get_rgb_frame(), stream.get_depth_frame()
        confidence = stream.get_confidence_frame()
        k, pose = stream.get_intrinsic_mat(), stream.get_camera_pose()
        stream_index = self._count
        self._count += 1
        if rgb.ndim != 3 or depth_m.ndim != 2 or 0 in rgb.shape or 0 in depth_m.shape:
            self._lose("empty")
            return None
        if confidence.shape != depth_m.shape:
            if confidence.size:
                self._lose("corrupt")
                return None
            confidence = None
        try:
            sequence = self._ring.write(rgb, depth_m, confidence)
        except ValueError:
            self._lose("oversized")
            return None
        if sequence is None:
            self._lose("ring_full")
            return None
        return FrameHeader(
            stream_index=stream_index,
            sequence=sequence,
            received_ns=received_ns,
            rgb_shape=rgb.shape,
            depth_shape=depth_m.shape,
            confidence_shape=None if confidence is None else confidence.shape,
            intrinsics=(k.fx, k.fy, k.tx, k.ty),
            pose=(pose.qx, pose.qy, pose.qz, pose.qw, pose.tx, pose.ty, pose.tz),
            device_type=stream.get_device_type(),
            lost=dict(self._lost),
        )

    def _lose(self, cause: str) -> None:
        self._lost[cause] = self._lost.get(cause, 0) + 1


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


def _leave(pipe: Connection, event: ChildEvent) -> None:
    pipe.send(event)
    os._exit(1)


def _limit_memory() -> None:
    """Bound what a corrupt size on the wire can take. Linux only: elsewhere the system has no such limit."""
    if sys.platform != "linux":
        return
    import resource

    import psutil

    limit = psutil.Process().memory_info().vms + CHILD_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
