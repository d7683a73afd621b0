"""A live stream to disk without holding it up."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from capture.encoding import EncodedFrame, encode
from capture.frame import CaptureError, Frame
from capture.layout import recording_name
from capture.writer import RecordingWriter

ENCODER_THREADS = 2  # one frame takes about 7 ms to encode at 720x960: two keep up with 60 a second beside a live view
MAX_RAW_BYTES = (
    128 << 20
)  # frames waiting for an encoder: a second of 720x960 at 60 fps, half a second of 1440x1920 at 30
MAX_ENCODED_BYTES = 64 << 20  # encoded frames waiting for the disk: several seconds of a disk that stalls


@dataclass(frozen=True)
class RecordingStatus:
    """What a person wants to see of a running recording. `lost` counts frames not written, by cause."""

    name: str
    path: Path | None = None
    written: int = 0
    seconds: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)
    error: str = ""
    finished: bool = False


class Recorder:
    """Records a live stream: `offer` takes every frame and never blocks.

    Threads: two encoders turn frames into file bytes and block on nothing; one writer takes them in order and may
    block on the disk. What waits is bounded in bytes; a frame that finds no room is counted (`encoder_full`,
    `disk_slow`), as are those still waiting when the disk fails (`recording_failed`) and the losses that
    `source_losses` reports while the recording runs. A change of camera, size or confidence in mid-stream closes the
    recording and opens `<name>-2`.
    """

    def __init__(
        self,
        dataset: Path,
        name: str,
        *,
        source: str,
        source_losses: Callable[[], Mapping[str, int]],
        max_frames: int | None = None,
    ) -> None:
        self._dataset, self._name, self._source = Path(dataset), recording_name(name), source
        self._source_losses, self._losses_before = source_losses, Counter(source_losses())
        self._losses_at_stop: Counter[str] | None = None
        self._max_frames = max_frames
        self._own_lost: Counter[str] = Counter()
        self._lost_before_part: Counter[str] = Counter()
        self._counters = threading.Lock()
        self._raw_bytes = self._encoded_bytes = 0
        self._error = ""
        self._finished = threading.Event()
        self._stopping = False
        self._started_s = time.monotonic()
        self._stopped_s: float | None = None
        self._accepted = 0
        self._written = 0
        self._paths: list[Path] = []
        # The wall clock is read once: a clock set back in mid-recording must not tear its time line.
        self._utc_offset_ns = time.time_ns() - time.perf_counter_ns()
        self._encoders = ThreadPoolExecutor(ENCODER_THREADS, thread_name_prefix="encoder")
        self._waiting: queue.SimpleQueue[tuple[Future[EncodedFrame], int] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name="recorder", daemon=True)
        self._writer.start()

    def offer(self, frame: Frame) -> None:
        """Hand over one frame; counted as lost where there is no room, ignored once the recording is stopping."""
        size = frame.rgb.nbytes + frame.depth_m.nbytes
        with self._counters:
            if self._stopping or self._error or self._accepted == self._max_frames:
                return
            if self._raw_bytes + size > MAX_RAW_BYTES:
                self._own_lost["encoder_full"] += 1
                return
            if self._encoded_bytes > MAX_ENCODED_BYTES:
                self._own_lost["disk_slow"] += 1
                return
            self._raw_bytes += size
            self._accepted += 1
            # Still under the lock: a `stop` in between would close the recording without the frame just accepted.
            self._waiting.put((self._encoders.submit(self._encode, frame), size))

    @property
    def full(self) -> bool:
        """Whether `max_frames` have been taken, or an error ended the recording."""
        with self._counters:
            return bool(self._error) or self._accepted == self._max_frames

    def stop(self) -> None:
        """Begin to finish; returns at once. `join` waits until everything is on disk."""
        with self._counters:
            if self._stopping:
                return
            self._stopping = True
            self._losses_at_stop = Counter(self._source_losses())
            self._stopped_s = time.monotonic()
            self._waiting.put(None)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the recording is closed; False where it is not within `timeout_s`."""
        return self._finished.wait(timeout_s)

    def status(self) -> RecordingStatus:
        with self._counters:
            return RecordingStatus(
                name=self._name,
                path=self._paths[-1] if self._paths else None,
                written=self._written,
                seconds=(self._stopped_s or time.monotonic()) - self._started_s,
                lost=dict(self._lost()),
                error=self._error,
                finished=self._finished.is_set(),
            )

    def _lost(self) -> Counter[str]:
        now = self._losses_at_stop if self._losses_at_stop is not None else Counter(self._source_losses())
        return self._own_lost + (now - self._losses_before)

    def _lost_in_part(self) -> Counter[str]:
        """Of the recording being written now, where a change in mid-stream began another."""
        return self._lost() - self._lost_before_part

    def _encode(self, frame: Frame) -> EncodedFrame:
        stamp = datetime.fromtimestamp((frame.received_ns + self._utc_offset_ns) / 1e9, UTC)
        return encode(frame, f"{stamp:%Y-%m-%dT%H:%M:%S.%f}Z")

    def _write_loop(self) -> None:
        writer = self._new_writer(1)
        try:
            while (item := self._waiting.get()) is not None:
                writer = self._write(writer, *item)
            self._close(writer)
        except Exception as error:
            # Whatever it was, the frames written so far are whole; the view goes on and shows the reason.
            with self._counters:
                self._error = str(error) if isinstance(error, CaptureError) else f"the recorder failed: {error!r}"
                self._own_lost["recording_failed"] += self._accepted - self._written
                writer.lost = self._lost_in_part()
            with contextlib.suppress(CaptureError):  # the error just noted says more
                writer.close("incomplete")
        finally:
            self._encoders.shutdown(wait=False, cancel_futures=True)
            self._finished.set()

    def _write(self, writer: RecordingWriter, future: Future[EncodedFrame], raw_bytes: int) -> RecordingWriter:
        encoded = future.result()
        encoded_bytes = len(encoded.jpeg) + len(encoded.depth_png)
        with self._counters:
            self._raw_bytes -= raw_bytes
            self._encoded_bytes += encoded_bytes
        if writer.layout not in (None, encoded.layout):
            self._close(writer)
            writer = self._new_writer(len(self._paths) + 1)
        with self._counters:
            writer.lost = self._lost_in_part()
        writer.append(encoded)
        with self._counters:
            self._encoded_bytes -= encoded_bytes
            self._written += 1
            if writer.path is not None and writer.path not in self._paths:
                self._paths.append(writer.path)
        return writer

    def _new_writer(self, part: int) -> RecordingWriter:
        name = self._name if part == 1 else f"{self._name}-{part}"
        return RecordingWriter(self._dataset, name, source=self._source)

    def _close(self, writer: RecordingWriter) -> None:
        with self._counters:
            writer.lost = self._lost_in_part()
            self._lost_before_part = self._lost()
        writer.close()
