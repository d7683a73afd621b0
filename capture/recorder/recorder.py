"""Record a live stream to disk without delaying it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from capture import clock, thread_priority
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.frame_filter import NO_POSES, FrameFilter, FrameSelector
from capture.recorder.status import Losses, Part, RecordingStatus
from capture.sources.base import Source
from capture.storage.encoding import EncodedFrame, encode
from capture.storage.names import recording_name
from capture.storage.writer import RecordingWriter
from capture.wording import counted

ENCODER_THREADS = 2  # encoding a frame of 720x960 takes about 7 ms: two keep up with 60 fps beside a live view
# Frames waiting for an encoder, as pixels: 1.5 s of 720x960 at 60 fps, 0.8 s of 1440x1920 at 30.
MAX_RAW_BYTES = 192 << 20
HASTE_RAW_BYTES = 16 << 20  # when more waits, 8 frames of 720x960, depth is written without compression
MAX_ENCODED_BYTES = 64 << 20  # encoded frames waiting for the disk: several seconds of a disk that stalls

logger = logging.getLogger("lidarlive.recorder")


class Recorder:
    """Recorder of a live stream. Pass every frame to `offer`; neither it nor `offer_predicted` ever blocks.

    Threads: two encoders turn frames into file bytes and block on nothing; one writer writes them in order and may
    block on the disk. The queues are bounded in bytes. Lost frames are counted by cause: `encoder_full` and `disk_slow`
    (a queue was full), `corrupt` (cannot be decoded or encoded), `encoder_failed` (any other error, which is logged and
    named in the status), `recording_failed` (still queued when the disk failed), and the source's own losses while the
    recording runs. A change of camera, size or confidence in mid-stream closes the recording and opens `<name>-2`.

    Only frames that match `choice` are recorded; the others are skipped, not lost.
    """

    def __init__(
        self,
        dataset: Path,
        name: str,
        source: Source,
        *,
        max_frames: int | None = None,
        choice: FrameFilter | None = None,
        note: str = "",
    ) -> None:
        self._dataset, self._name, self._source = Path(dataset), recording_name(name), source
        self.choice, self._note = choice or FrameFilter(), note
        self._selector = FrameSelector(self.choice)
        self._left_out = 0
        self._first_index: int | None = None
        self._losses_before = self._source_losses()
        self._losses_at_stop: Losses | None = None
        self._max_frames = max_frames
        self._own_lost: Counter[str] = Counter()
        self._lost_before_part = Losses()
        self._counters = threading.Lock()
        self._raw_bytes = self._encoded_bytes = 0
        self._error = self._encoder_error = ""
        self._finished = threading.Event()
        self._stopping = False
        self._started_s = time.monotonic()
        self._stopped_s: float | None = None
        self._accepted = 0
        self._written = self._written_bytes = 0
        self._free_bytes: int | None = None
        self._written_at_stop = 0
        self._parts: dict[Path, int] = {}  # frames written, by path
        # The wall clock is read once, so that setting it back in mid-recording does not break the time line.
        self._utc_offset_ns = time.time_ns() - clock.now_ns()
        self._encoders = ThreadPoolExecutor(ENCODER_THREADS, "encoder", thread_priority.give_way_as_encoder)
        self._waiting: queue.SimpleQueue[Future[EncodedFrame] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name="recorder", daemon=True)
        self._writer.start()

    def offer(self, frame: Frame) -> None:
        """Record a frame of the stream; call this for every frame, in order.

        A frame is skipped if the filter rejects it, counted as lost if a queue is full, and ignored once the recording
        is stopping. If only poor predictions are recorded, `offer_predicted` may record it later.
        """
        with self._counters:
            if self._takes_no_more():
                return
            if self._first_index is None:
                self._first_index = frame.index
            if self._selector.selects(frame):
                self._accept(frame)
            else:
                self._left_out += 1

    def offer_predicted(self, frame: Frame, abs_rel: float | None) -> None:
        """Report the prediction error of a frame that was offered before, in the order of the frames; None: unknown.

        Does nothing unless only poor predictions are recorded.
        """
        with self._counters:
            offered = self._first_index is not None and frame.index >= self._first_index
            if self.choice.worse_than is None or self._takes_no_more() or not offered:
                return
            if self._selector.selects(frame, abs_rel):
                self._left_out -= 1
                self._accept(frame)

    def _takes_no_more(self) -> bool:
        return self._stopping or bool(self._error) or self._accepted == self._max_frames

    def _accept(self, frame: Frame) -> None:
        if self._raw_bytes + frame.nbytes > MAX_RAW_BYTES:
            self._own_lost["encoder_full"] += 1
            return
        if self._encoded_bytes > MAX_ENCODED_BYTES:
            self._own_lost["disk_slow"] += 1
            return
        self._raw_bytes += frame.nbytes
        self._accepted += 1
        # Under the lock: a `stop` in between would close the recording without this frame.
        self._waiting.put(self._encoders.submit(self._encode, frame))

    @property
    def full(self) -> bool:
        """Whether `max_frames` have been accepted, or an error ended the recording."""
        with self._counters:
            return bool(self._error) or self._accepted == self._max_frames

    @property
    def in_haste(self) -> bool:
        """Whether so many frames wait for an encoder that depth is written without compression."""
        return self._raw_bytes > HASTE_RAW_BYTES

    def stop(self) -> None:
        """Start to finish the recording and return at once. `join` waits until everything is on the disk."""
        with self._counters:
            if self._stopping:
                return
            self._stopping = True
            self._losses_at_stop = self._source_losses()
            self._written_at_stop = self._written
            self._stopped_s = time.monotonic()
            self._waiting.put(None)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the recording is closed; return False if that takes longer than `timeout_s`."""
        self._writer.join(timeout_s)
        return self._finished.is_set()

    def status(self) -> RecordingStatus:
        with self._counters:
            lost = self._lost()
            seconds = (self._stopped_s or time.monotonic()) - self._started_s
            return RecordingStatus(
                name=self._name,
                path=next(reversed(self._parts), None),
                written=self._written,
                seconds=seconds,
                lost=dict(lost.by_cause),
                possibly_lost=lost.possibly,
                choice=self.choice,
                left_out=self._left_out,
                remark=self._remark(),
                error=self._error,
                left_s=self._left_s(seconds),
                saving=self._saving(),
                finished=self._finished.is_set(),
                parts=tuple(Part(path, written) for path, written in self._parts.items()),
            )

    def _remark(self) -> str:
        remarks = [NO_POSES] if self._selector.lacks_poses else []
        if failed := self._own_lost["encoder_failed"]:
            remarks.append(f"{counted(failed, 'frame')} lost: could not be encoded ({self._encoder_error})")
        return ". ".join(remarks)

    def _left_s(self, seconds: float) -> float | None:
        if self._free_bytes is None or not self._written_bytes:
            return None
        return self._free_bytes * seconds / self._written_bytes

    def _saving(self) -> float | None:
        if not self._stopping:
            return None
        if self._finished.is_set():
            return 1.0
        last_step = 1  # after the frames: flushing all of them to the disk
        waited = self._accepted - self._written_at_stop + last_step
        return (self._written - self._written_at_stop) / waited

    def _source_losses(self) -> Losses:
        return Losses(Counter(self._source.losses()), self._source.possibly_lost())

    def _lost(self) -> Losses:
        of_source = (self._losses_at_stop or self._source_losses()).since(self._losses_before)
        return Losses(self._own_lost + of_source.by_cause, of_source.possibly)

    def _pass_losses(self, writer: RecordingWriter) -> None:
        """Set the losses of the current recording, without those of earlier parts."""
        lost = self._lost().since(self._lost_before_part)
        writer.lost, writer.possibly_lost_before_usb = lost.by_cause, lost.possibly

    def _encode(self, frame: Frame) -> EncodedFrame:
        stamp = datetime.fromtimestamp((frame.received_ns + self._utc_offset_ns) / 1e9, UTC)
        size, in_haste = 0, self.in_haste
        try:
            encoded = encode(frame, f"{stamp:%Y-%m-%dT%H:%M:%S.%f}Z", in_haste)
            size = _size(encoded)
            return encoded
        finally:
            with self._counters:
                self._raw_bytes -= frame.nbytes
                self._encoded_bytes += size

    def _write_loop(self) -> None:
        writer = self._new_writer(1)
        try:
            while (future := self._waiting.get()) is not None:
                writer = self._write(writer, future)
            self._close(writer)
        except Exception as error:
            # Whatever happened, the live view continues and shows the reason.
            with self._counters:
                expected = isinstance(error, LidarliveError)
                self._error = str(error) if expected else f"the recorder failed: {error!r}"
                self._own_lost["recording_failed"] += self._accepted - self._written
                self._pass_losses(writer)
            logger.error("recording %s ended: %s", self._name, self._error, exc_info=None if expected else error)
            try:
                writer.close("incomplete")
            except LidarliveError as second:
                with self._counters:
                    self._error += f". It could not be closed: {second}"
        finally:
            self._encoders.shutdown(wait=False, cancel_futures=True)
            self._waiting = queue.SimpleQueue()  # frees the queued frames
            self._finished.set()

    def _write(self, writer: RecordingWriter, future: Future[EncodedFrame]) -> RecordingWriter:
        if (error := future.exception()) is not None:
            self._count_not_encoded(error)
            return writer
        encoded = future.result()
        if writer.layout not in (None, encoded.layout):
            self._close(writer)
            writer = self._new_writer(len(self._parts) + 1)
        with self._counters:
            self._pass_losses(writer)
        writer.append(encoded)
        with self._counters:
            self._encoded_bytes -= _size(encoded)
            self._written += 1
            self._written_bytes += _size(encoded)
            self._free_bytes = writer.free_bytes
            if writer.path is not None:
                self._parts[writer.path] = self._parts.get(writer.path, 0) + 1
        return writer

    def _count_not_encoded(self, error: BaseException) -> None:
        is_corrupt = isinstance(error, ValueError)  # as encoding and decoding raise it
        with self._counters:
            self._accepted -= 1
            self._own_lost["corrupt" if is_corrupt else "encoder_failed"] += 1
            if not is_corrupt:
                self._encoder_error = " ".join(f"{type(error).__name__}: {error}".split())
        if is_corrupt:
            logger.info("a frame is corrupt: %s", error)
        else:
            logger.error("a frame could not be encoded: %r", error, exc_info=error)

    def _new_writer(self, part: int) -> RecordingWriter:
        name = self._name if part == 1 else f"{self._name}-{part}"
        return RecordingWriter(
            self._dataset,
            name,
            source=self._source.label,
            driver=self._source.driver,
            note=self._note,
            chosen=None if self.choice.is_all else self.choice,
        )

    def _close(self, writer: RecordingWriter) -> None:
        with self._counters:
            self._pass_losses(writer)
            self._lost_before_part = self._lost()
        writer.close()
        if writer.path is not None:
            logger.info("recorded %s: %d frames, lost %s", writer.path, writer.written, dict(writer.lost) or "none")


def _size(frame: EncodedFrame) -> int:
    return len(frame.jpeg) + len(frame.depth_png) + len(frame.confidence_png or b"")
