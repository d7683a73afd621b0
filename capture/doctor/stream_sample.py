"""Sample of a few seconds of a phone's stream: what arrives and when, what is damaged, and how it ends."""

from __future__ import annotations

import socket
import time
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.protocol.parser import DamageKind, StreamParser, WireFrame, decode_frame
from capture.sources.arrivals import ArrivalCounter, Arrivals
from capture.timing.frame_times import FrameTimes

RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls per frame
MAX_SAMPLE_BYTES = 256 << 20  # 3 s of the largest pictures at 60 fps are 100 MB; more ends the sample
USUAL_FPS = (30, 60)  # the rates that Record3D offers
FPS_TOLERANCE = 0.05  # relative deviation within which a rate counts as a usual one
MIN_FRAMES = 5  # fewer are not enough to measure a rate
GAP = 1.5  # intervals: during a longer pause a frame is missing


class StreamRate(NamedTuple):
    """Measured frame rate, the usual rate that it matches (None: neither), and pauses in which frames are missing."""

    fps: float
    usual: int | None
    gaps: int
    longest_gap_ms: float


def rate_of(times_s: list[float]) -> StreamRate | None:
    """Measure the rate from the times of frames in seconds; None if there are too few."""
    if len(times_s) < MIN_FRAMES or times_s[-1] <= times_s[0]:
        return None
    intervals = [after - before for before, after in pairwise(times_s)]
    fps = len(intervals) / (times_s[-1] - times_s[0])
    usual = next((usual for usual in USUAL_FPS if abs(fps - usual) <= FPS_TOLERANCE * usual), None)
    gaps = [interval for interval in intervals if interval > GAP / (usual or fps)]
    return StreamRate(round(fps, 2), usual, len(gaps), round(max(gaps, default=0.0) * 1000, 1))


class StreamSample:
    """Reader of a tunnel, in the caller's thread. Also writes every byte, as received, to `wire` if it is given."""

    def __init__(self, tunnel: socket.socket, wire: BinaryIO | None = None) -> None:
        self._tunnel, self._wire = tunnel, wire
        self._receiver = StreamParser()
        self.first: Frame | None = None
        self.arrived_s: list[float] = []  # time.monotonic of each intact frame
        self.times_s: list[float] = []  # of each intact frame, by the camera's clock where it is usable
        self._times = FrameTimes()
        self.received_bytes = 0
        self.damaged = 0  # messages that are no intact frame
        self.damage = ""  # fault of the newest of them
        self._arrived = ArrivalCounter()
        self._arrived.connected()
        self.end = ""  # why the stream ended; empty while it has not
        self.unreadable = False  # it ended because the bytes are not, or no longer, a Record3D stream

    def listen(self, until_s: float, *, for_first: bool = False) -> None:
        """Read until `until_s` (time.monotonic) or, with `for_first`, until the first intact frame.

        Raises LidarliveError if `wire` cannot be written. Failures of the tunnel are recorded in `end`.
        """
        while not self.end and not (for_first and self.first):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return
            data = self._receive(left_s)
            self._keep(data)
            self.received_bytes += len(data)
            self._arrived.received(len(data))
            self._take(data, time.monotonic())
            if self.received_bytes > MAX_SAMPLE_BYTES:
                self.end = f"the phone sent {self.received_bytes >> 20} MiB without a pause"

    def arrivals(self) -> Arrivals:
        """What has arrived since the newest intact frame."""
        if self.end and not self.unreadable:
            self._arrived.ended(self.end)
        return self._arrived.snapshot() or Arrivals()

    def _receive(self, timeout_s: float) -> bytes:
        try:
            self._tunnel.settimeout(timeout_s)
            data = self._tunnel.recv(RECEIVE_BYTES)
        except TimeoutError:
            return b""
        except OSError as error:
            self.end = f"the connection broke ({error.strerror})"
            return b""
        if not data:
            self.end = "the phone closed the stream"
        return data

    def _keep(self, data: bytes) -> None:
        try:
            if self._wire is not None:
                self._wire.write(data)
        except OSError as error:
            raise LidarliveError(f"the stream cannot be saved ({error.strerror}): free some space") from error

    def _take(self, data: bytes, now_s: float) -> None:
        try:
            for message in self._receiver.feed(data):
                if isinstance(message, WireFrame):
                    self._take_frame(message, now_s)
                else:
                    self._note_damage(message.kind, message.reason)
        except ValueError as error:
            self.end, self.unreadable = str(error), True
            self._arrived.unreadable(str(error))

    def _take_frame(self, message: WireFrame, now_s: float) -> None:
        try:
            frame = decode_frame(message, len(self.arrived_s), round(now_s * 1e9))
        except ValueError as error:
            self._note_damage("damaged", str(error))
            return
        self.first = self.first or frame
        self.arrived_s.append(now_s)
        self.times_s.append(self._times.add(frame.received_ns, frame.camera_time_s).time_ns / 1e9)
        self._arrived.intact_frame()

    @property
    def clock(self) -> str:
        """What timed the frames: `camera`, or `arrival` for some or all."""
        return "camera" if 0 < self._times.by_camera == self._times.frames else "arrival"

    def _note_damage(self, kind: DamageKind, reason: str) -> None:
        self.damaged, self.damage = self.damaged + 1, reason
        self._arrived.refused(kind, reason)
