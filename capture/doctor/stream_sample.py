"""A few seconds of a phone's stream: what arrives and when, what is damaged, and how it ends."""

from __future__ import annotations

import socket
import time
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.protocol.parser import Receiver, WireFrame, decoded

RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls a frame
MAX_SAMPLE_BYTES = 256 << 20  # 3 s of the largest pictures at 60 fps are 100 MB; more is a flood, and ends the sample
USUAL_FPS = (30, 60)  # what Record3D offers
FPS_TOLERANCE = 0.05  # a rate this close to a usual one is that one
MIN_FRAMES = 5  # fewer say nothing about a rate
GAP = 1.5  # intervals: a longer pause is where a frame is missing


class StreamRate(NamedTuple):
    """How frames arrived: how many a second, which usual rate that is (None: neither), and the pauses between them."""

    fps: float
    usual: int | None
    gaps: int
    longest_gap_ms: float


def rate_of(arrived_s: list[float]) -> StreamRate | None:
    """From the times of arrival, in seconds. None where there are too few to tell."""
    if len(arrived_s) < MIN_FRAMES or arrived_s[-1] <= arrived_s[0]:
        return None
    intervals = [after - before for before, after in pairwise(arrived_s)]
    fps = len(intervals) / (arrived_s[-1] - arrived_s[0])
    usual = next((usual for usual in USUAL_FPS if abs(fps - usual) <= FPS_TOLERANCE * usual), None)
    gaps = [interval for interval in intervals if interval > GAP / (usual or fps)]
    return StreamRate(round(fps, 2), usual, len(gaps), round(max(gaps, default=0.0) * 1000, 1))


class StreamSample:
    """Listens to a tunnel in the caller's thread. Every byte goes to `wire` too, as received, where there is one."""

    def __init__(self, tunnel: socket.socket, wire: BinaryIO | None = None) -> None:
        self._tunnel, self._wire = tunnel, wire
        self._receiver = Receiver()
        self.first: Frame | None = None
        self.arrived_s: list[float] = []  # of each whole frame, by time.monotonic
        self.received_bytes = 0
        self.damaged = 0
        self.damage = ""  # what was wrong with the first damaged message
        self.end = ""  # why no more can come; empty while it can
        self.unreadable = False  # it ended because the bytes are no Record3D stream, or have lost their place in one

    def listen(self, until_s: float, *, for_first: bool = False) -> None:
        """Take what comes before `until_s` (time.monotonic); with `for_first`, no longer than to the first whole frame.

        Raises LidarliveError where `wire` cannot be written; whatever the tunnel does is told in `end`.
        """
        while not self.end and not (for_first and self.first):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return
            data = self._received(left_s)
            self._keep(data)
            self.received_bytes += len(data)
            self._take(data, time.monotonic())
            if self.received_bytes > MAX_SAMPLE_BYTES:
                self.end = f"the phone sent {self.received_bytes >> 20} MiB without a pause"

    def _received(self, timeout_s: float) -> bytes:
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
            raise LidarliveError(f"the stream cannot be kept ({error.strerror}): free some space") from error

    def _take(self, data: bytes, now_s: float) -> None:
        try:
            for message in self._receiver.feed(data):
                if isinstance(message, WireFrame):
                    self._take_frame(message, now_s)
                else:
                    self._note_damage(message.reason)
        except ValueError as error:
            self.end, self.unreadable = str(error), True

    def _take_frame(self, message: WireFrame, now_s: float) -> None:
        try:
            frame = decoded(message, len(self.arrived_s), round(now_s * 1e9))
        except ValueError as error:
            self._note_damage(str(error))
            return
        self.first = self.first or frame
        self.arrived_s.append(now_s)

    def _note_damage(self, reason: str) -> None:
        self.damaged += 1
        self.damage = self.damage or reason
