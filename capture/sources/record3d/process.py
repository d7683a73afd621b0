"""The child process that runs the `record3d` package and nothing else, because the package can crash or hang.

Precautions against its faults: getters are called inside its callback only (outside it they mix frames), every
connection gets a new process (its `disconnect` leaks and deadlocks), and the address space is limited (it allocates
whatever size the wire names).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from capture import clock
from capture.frame import DepthMap
from capture.jpeg import UInt8Image
from capture.library_output import redirect_output
from capture.protocol.capture_time import MAX_MISC_BYTES, NO_TIME, CaptureTime, parse_misc
from capture.protocol.depth_damage import DepthDamageDetector
from capture.sources.record3d.shared_ring import FrameRing, Shape
from capture.usb.usbmuxd import ADDRESS_VARIABLE, NOT_STREAMING

if TYPE_CHECKING:
    from record3d import Record3DStream

CHILD_MEMORY_BYTES = 1 << 30  # in addition to the process's memory at its start; the largest real frame takes 20 MB


@dataclass(frozen=True)
class SlotHeader:
    """Message from the child about a frame in the ring. `lost`: frames that it dropped so far, by cause."""

    stream_index: int
    sequence: int
    received_ns: int
    rgb_shape: Shape
    depth_shape: Shape
    confidence_shape: Shape | None
    intrinsics: tuple[float, float, float, float]
    pose: tuple[float, ...]
    device_type: int
    time: CaptureTime
    lost: dict[str, int]


@dataclass(frozen=True)
class ChildEvent:
    """Message from the child: `connected`, or `failed` with the reason in one line."""

    kind: str
    detail: str = ""


def capture_process(pipe: Connection, ring_name: str, ring_bytes: int, serial: str, address: str, output: Path) -> None:
    """Main function of the child: record3d's thread copies frames into the ring; the main thread waits for the parent.

    It always ends by `os._exit`: destroying record3d's stream object while it streams is a segmentation fault. What it
    prints is appended to `output`.
    """
    redirect_output(output)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent handles it
    os.environ[ADDRESS_VARIABLE] = address
    _limit_memory()
    from record3d import Record3DStream

    devices = [d for d in Record3DStream.get_connected_devices() if d.udid == serial]
    if not devices:
        _leave(pipe, ChildEvent("failed", "the phone was unplugged"))
    stream = Record3DStream()
    receiver = _Receiver(stream, pipe, FrameRing.attach(ring_name, ring_bytes))
    stream.on_new_frame = receiver.on_new_frame
    stream.on_stream_stopped = receiver.on_stream_stopped
    if not stream.connect(devices[0]):
        _leave(pipe, ChildEvent("failed", NOT_STREAMING))
    receiver.announce_connected()
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()  # the parent never sends: this returns when the parent has ended
    os._exit(0)


class _Receiver:
    """record3d's callbacks. An exception that leaves one aborts the process, so they catch all."""

    def __init__(self, stream: Record3DStream, pipe: Connection, ring: FrameRing) -> None:
        self._stream, self._pipe, self._ring = stream, pipe, ring
        self._depth_detector = DepthDamageDetector()
        self._misc = b""  # of the frame before
        self._first_message = threading.Lock()
        self._announced = False

    def announce_connected(self) -> None:
        """Announce the connection once: after `connect`, or with a frame that arrives before `connect` returns."""
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

    def _take(self) -> SlotHeader | None:
        received_ns = clock.now_ns()
        stream, ring = self._stream, self._ring
        stream_index = ring.received
        ring.count_received()
        rgb, depth_m = stream.get_rgb_frame(), stream.get_depth_frame()
        confidence = stream.get_confidence_frame()
        k, pose, time_of_capture = stream.get_intrinsic_mat(), stream.get_camera_pose(), self._time()
        sequence, damage = None, self._damage(rgb, depth_m, confidence)
        if damage is None:
            try:
                sequence = ring.write(rgb, depth_m, confidence if confidence.size else None)
            except ValueError:
                damage = "oversized"
        if sequence is None:
            ring.count_lost(damage or "ring_full")
            return None
        return SlotHeader(
            stream_index=stream_index,
            sequence=sequence,
            received_ns=received_ns,
            rgb_shape=rgb.shape,
            depth_shape=depth_m.shape,
            confidence_shape=confidence.shape if confidence.size else None,
            intrinsics=(k.fx, k.fy, k.tx, k.ty),
            pose=(pose.qx, pose.qy, pose.qz, pose.qw, pose.tx, pose.ty, pose.tz),
            device_type=stream.get_device_type(),
            time=time_of_capture,
            lost=ring.losses(),
        )

    def _time(self) -> CaptureTime:
        """Return the frame's time. Where a frame has no misc bytes, the package returns the previous frame's again."""
        misc = self._stream.get_misc_data()[: MAX_MISC_BYTES + 1].tobytes()
        before, self._misc = self._misc, misc
        return NO_TIME if misc == before else parse_misc(misc)

    def _damage(self, rgb: UInt8Image, depth_m: DepthMap, confidence: UInt8Image) -> str | None:
        """Return the cause if the frame is damaged as far as can be detected here, else None."""
        if rgb.ndim != 3 or depth_m.ndim != 2 or 0 in rgb.shape or 0 in depth_m.shape:
            return "empty"
        if confidence.size and confidence.shape != depth_m.shape:
            return "corrupt"
        return self._depth_detector.check(depth_m)


def _leave(pipe: Connection, event: ChildEvent) -> None:
    pipe.send(event)
    os._exit(1)


def _limit_memory() -> None:
    """Limit the memory that a corrupt size on the wire can allocate. Linux only: other systems have no such limit."""
    if sys.platform != "linux":
        return
    import resource

    import psutil

    limit = psutil.Process().memory_info().vms + CHILD_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
