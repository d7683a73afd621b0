"""Play a clip in real time, as a live camera: send each frame when it is due, or drop it."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Sequence
from math import inf

from capture import clock
from capture.errors import LidarliveError
from capture.protocol.capture_time import CaptureTime
from capture.usb.local_socket import hang_up
from capture.virtual_phone.clips import Clip, Report
from capture.virtual_phone.faults import Fault, FaultScript, deliver
from capture.virtual_phone.schedule import Schedule
from capture.virtual_phone.send_log import SendLog

SEND_BUFFER_BYTES = 256 << 10  # holds a frame of 1440x1920, and at most two or three smaller ones
STALLED_S = 2.0  # a client that reads nothing for this long may be replaced: record3d never closes a stopped stream
MAX_FPS = 1000.0
APP_DELAY_S = 0.004  # from the capture of a frame until the app notes the time of day; on a phone it varies
LARGE_PIXELS, LARGE_FPS = 1_000_000, 30.0  # the record3d package decodes 37 pictures of this size per second


class Player:
    """Player of a clip to one client at a time. Frame n is due n / fps, or its own time, after the first connection.

    A frame that becomes due while the client is still reading the previous one is dropped and counted. A client that
    connects later gets the frames that are due from then on; earlier ones count neither as sent nor as dropped.

    The camera's clock is this computer's monotonic clock, as a phone's counts from when it was switched on: a frame of
    a clip that is stamped is captured when it is due.

    A fault happens to its frame or, if nobody is connected or that frame is dropped, to the next frame sent. Faults and
    all frames are logged.
    """

    def __init__(
        self, clip: Clip, fps: float | None, loop: bool, faults: Sequence[Fault], log: SendLog, report: Report
    ) -> None:
        width, height = clip.rgb_size
        self.fps = fps or (min(clip.fps, LARGE_FPS) if width * height > LARGE_PIXELS else clip.fps)
        if not 0 < self.fps <= MAX_FPS:
            raise LidarliveError(f"the frame rate must be above 0 and at most {MAX_FPS:.0f}. Received: {self.fps}")
        self.sent = self.dropped = 0
        self._clip = clip
        self._schedule = Schedule(self.fps, clip.fps, clip.times_s)
        self._to_unix_s = time.time() - clock.now_s()
        self._script = FaultScript(clip, faults, report)
        self._log = log
        self._frames = None if loop else len(clip)
        self._began_s = inf  # when frame 0 was due
        self._client: socket.socket | None = None
        self._sending_since_s: float | None = None
        self._stopping = threading.Event()
        self._claiming = threading.Lock()
        self._playing = threading.Lock()  # the previous client's thread may not have ended yet

    @property
    def over(self) -> bool:
        """Whether the last frame was due already; never with a loop, nor while a client is served."""
        return self._client is None and self._frames is not None and self._due_by(clock.now_s()) >= self._frames

    def claim(self, client: socket.socket) -> bool:
        """Make `client` the one that is served; return False if another one is being served and reads its frames."""
        with self._claiming:
            if self._client is not None:
                if not (_has_left(self._client) or self._is_stalled()):
                    return False
                hang_up(self._client)
            self._client = client
        return True

    def play(self, client: socket.socket) -> bool:
        """Send due frames until the clip is over (returns True) or the player stops (returns False).

        Raises OSError if the client disconnects, OutageError if a fault unplugs the phone or stops usbmuxd.
        """
        client.settimeout(None)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if client.family == socket.AF_INET:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._playing:
            now_s = clock.now_s()
            self._began_s = min(self._began_s, now_s)
            return self._send_frames(client, self._due_by(now_s))

    def release(self, client: socket.socket) -> None:
        """Stop serving `client`, so that another one can be."""
        with self._claiming:
            if self._client is client:
                self._client = None

    def stop(self) -> None:
        """End `play`, even while it waits for the client; callable from any thread."""
        self._stopping.set()
        with self._claiming:
            if self._client is not None:
                hang_up(self._client)

    def _send_frames(self, client: socket.socket, n: int) -> bool:
        while self._frames is None or n < self._frames:
            message, fault = self._script.frame(n, self._captured(n))
            if self._stopping.wait(max(0.0, self._due_s(n) - clock.now_s())):
                return False
            begun_ns = clock.now_ns()
            if fault is not None:
                if _has_left(client):
                    raise ConnectionAbortedError("the client left; the fault waits for the next one")
                self._log.fault(n, fault, begun_ns)
                self._script.begin(fault)
            if self._offer(client, message, fault):
                self._log.sent(n, n % len(self._clip), round(1e9 * self._due_s(n)), begun_ns, clock.now_ns())
                self.sent += 1
                n = self._following(n, begun_ns / 1e9)
            else:
                n = self._due_by(clock.now_s())
        client.sendall(self._clip.tail)
        return True

    def _offer(self, client: socket.socket, message: bytes, fault: Fault | None) -> bool:
        """Send a frame to the client, modified by `fault`; return False if it is not sent. May block on the client."""
        self._sending_since_s = clock.now_s()
        try:
            return deliver(client, message, fault, self._stopping.wait)
        finally:
            self._sending_since_s = None

    def _following(self, n: int, begun_s: float) -> int:
        """Return the frame to send after frame n, whose sending began at `begun_s`, and count dropped ones between."""
        now_s = clock.now_s()
        if self._script.flooding:
            self._began_s = now_s - self._schedule.due_s(n + 1)  # the next one is due now
            return n + 1
        following = self._schedule.following(n, begun_s - self._began_s, now_s - self._began_s)
        for dropped in range(n + 1, following if self._frames is None else min(following, self._frames)):
            self._log.dropped(dropped)
            self.dropped += 1
        return following

    def _due_s(self, n: int) -> float:
        return self._began_s + self._schedule.due_s(n)

    def _captured(self, n: int) -> CaptureTime:
        camera_s = self._due_s(n)
        return CaptureTime(camera_s, camera_s + self._to_unix_s + APP_DELAY_S)

    def _due_by(self, now_s: float) -> int:
        """Return the first frame that is not due before `now_s`."""
        return 0 if self._began_s == inf else self._schedule.first_from(now_s - self._began_s)

    def _is_stalled(self) -> bool:
        since_s = self._sending_since_s
        return since_s is not None and clock.now_s() - since_s > STALLED_S


def _has_left(client: socket.socket) -> bool:
    """Whether the client has closed its end; clients send nothing on the tunnel."""
    try:
        readable, _, _ = select.select([client], [], [], 0)
        return bool(readable) and not client.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):  # ValueError: already closed here
        return True
