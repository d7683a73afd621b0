"""Clips for the stand-in phone to play: sequences of messages, encoded before they are due.

demo room ──render, JPEG, LZFSE──► cached .wire file ─┐
.wire file ───────────────────────────────────────────┤
.r3d file ──the app's own bytes───────────────────────┼─► Clip ──message(n)──► phone
recordings ──JPEG unchanged, depth PNG to LZFSE───────┘
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import lzfse
from filelock import FileLock

from capture.errors import LidarliveError
from capture.formats import r3d_reader
from capture.formats.r3d_reader import R3dFile
from capture.frame import Frame
from capture.paths import CACHE_VARIABLE, cache_folder
from capture.protocol.wire import consistent_header, encode_message
from capture.recording import Dataset, Recording
from capture.room import VERSION, DemoRoom
from capture.storage.encoding import encode_jpeg
from capture.storage.layout import FrameLine
from capture.virtual_phone.clip_times import times_of_r3d, times_of_recordings, times_of_wire
from capture.virtual_phone.wire_file import is_complete, message_spans

MAX_HELD_FRAMES = 600  # encoded completely in advance; 600 frames of a recording take about 5 s
MAX_HELD_BYTES = 256 << 20  # memory that a laptop can spare; 600 frames of 1440x1920 take half of it
FRAMES_AHEAD = 30  # encoded ahead in longer clips: half a second at 60 fps covers pauses of the disk
WIRE_FPS = 30.0  # of a .wire file without times: the wire has no frame rate
RENDER_THREADS = 2
DEMO_JPEG_QUALITY = 85  # gives pictures of about the size of the phone's own

DEMO, SECOND_WALK = "demo", "demo:2"  # walks through the demo room; no picture is in both

Report = Callable[[float], None]  # called with the share of the preparation that is done, 0 to 1


class Clip:
    """A sequence of `len` messages at `fps`. `message(n)` returns the n-th, repeating the clip without end.

    `times_s`: own times of the messages in seconds after the first, at which they are played; None for every 1 / `fps`.
    `stamped`: the stand-in phone adds the time of capture to each message; else it sends them unchanged.

    A clip within MAX_HELD_FRAMES and MAX_HELD_BYTES is encoded completely on creation. Longer ones are encoded by one
    thread, at most FRAMES_AHEAD messages in advance; `message` may then block on the disk. Not thread-safe.

    `encode(i)` returns message i; it raises LidarliveError if the source is damaged, and so does `message`. `tail`:
    bytes at the end of the stream, such as a torn message. `rgb_size`: (width, height) of the first consistent message,
    (0, 0) if there is none.
    """

    def __init__(
        self,
        length: int,
        fps: float,
        encode: Callable[[int], bytes],
        report: Report,
        tail: bytes = b"",
        times_s: Sequence[float] | None = None,
        stamped: bool = False,
    ) -> None:
        self.fps = fps
        self.times_s, self.stamped = times_s, stamped
        self.tail = tail
        self._length = length
        self._encode = encode
        self._held = self._hold_all(report) if length <= MAX_HELD_FRAMES else None
        self._ahead: dict[int, Future[bytes]] = {}
        self._encoder = ThreadPoolExecutor(1, "clip encoder")
        sizes = (_rgb_size(self.message(i)) for i in range(length))
        self.rgb_size = next(filter(None, sizes), (0, 0))
        report(1.0)

    def __len__(self) -> int:
        return self._length

    def message(self, n: int) -> bytes:
        """Return the n-th message to play, headers included. Longer clips expect `n` in about ascending order."""
        if self._held is not None:
            return self._held[n % self._length]
        for passed in [k for k in self._ahead if not n <= k < n + FRAMES_AHEAD]:
            self._ahead.pop(passed).cancel()
        for k in range(n, n + FRAMES_AHEAD):
            if k not in self._ahead:
                self._ahead[k] = self._encoder.submit(self._encode, k % self._length)
        return self._ahead[n].result()

    def changed(self, change: Callable[[bytes], bytes], report: Report) -> Clip:
        """Return a clip of the same messages, each passed through `change`."""
        encode = self._encode
        return Clip(self._length, self.fps, lambda i: change(encode(i)), report, self.tail, self.times_s, self.stamped)

    def _hold_all(self, report: Report) -> list[bytes] | None:
        held: list[bytes] = []
        size = 0
        for i in range(self._length):
            held.append(self._encode(i))
            size += len(held[-1])
            if size > MAX_HELD_BYTES:
                return None
            report((i + 1) / self._length)
        return held


def _rgb_size(message: bytes) -> tuple[int, int] | None:
    try:
        return consistent_header(message).rgb_size
    except ValueError:
        return None


def open_clip(what: str, report: Report = lambda prepared: None) -> Clip:
    """Open a walk through the demo room, a `.r3d` or `.wire` file, a recording, or a dataset with the same sizes.

    Returns when the clip can be played; `report` is called with the progress. Raises LidarliveError if that is
    impossible.
    """
    if what in (DEMO, SECOND_WALK):
        return _demo_clip(what == SECOND_WALK, report)
    path = Path(what).expanduser()
    suffix = path.suffix.lower()
    if suffix in CLIP_FILES:
        return CLIP_FILES[suffix].open(path, report)
    return _dataset_clip(Dataset(path), report)


def clip_file_filter() -> str:
    """Return the filter of a file dialog: `Record3D files, wire files (*.r3d *.wire)`."""
    titles = ", ".join(file.title for file in CLIP_FILES.values())
    return f"{titles} ({' '.join(f'*{suffix}' for suffix in CLIP_FILES)})"


def _r3d_clip(path: Path, report: Report) -> Clip:
    source = R3dFile(path)

    def encode(i: int) -> bytes:
        return encode_message(
            source.jpeg(i),
            source.rgb_size,
            source.depth_lzfse(i),
            source.depth_size,
            source.confidence_lzfse(i),
            source.intrinsics(i),
            source.pose(i),
            source.camera,
        )

    weakref.finalize(encode, source.close)  # every clip made of this one holds on to it
    times_s = times_of_r3d(source)
    return Clip(len(source), source.fps, encode, report, times_s=times_s, stamped=times_s is not None)


def _dataset_clip(dataset: Dataset, report: Report) -> Clip:
    recordings = [recording for recording in dataset if len(recording)]
    if not recordings:
        raise LidarliveError(f"{dataset.path} has no frames to play. Record again, or: lidarlive check --repair")
    first = recordings[0]
    for other in recordings:
        if _layout(other) != _layout(first):
            raise LidarliveError(
                f"{dataset.path}: recordings of different sizes or cameras cannot be played as one clip "
                f"({first.path.name} and {other.path.name}). Play one of them"
            )
    frames = [(recording, i) for recording in recordings for i in range(len(recording))]

    def encode(i: int) -> bytes:
        recording, index = frames[i]
        return _recorded_message(recording, recording.line(index))

    times_s = times_of_recordings(recordings)
    return Clip(len(frames), first.fps, encode, report, times_s=times_s, stamped=times_s is not None)


def _recorded_message(recording: Recording, line: FrameLine) -> bytes:
    depth_m, confidence = recording.depth_m(line), recording.confidence(line)
    try:
        return encode_message(
            recording.file_bytes(line, "rgb"),
            recording.info.rgb_size,
            lzfse.compress(depth_m.astype("<f4").tobytes()),
            recording.info.depth_size,
            None if confidence is None else lzfse.compress(confidence.tobytes()),
            line.intrinsics,
            line.pose,
            recording.camera,
        )
    except (ValueError, OverflowError) as error:
        raise LidarliveError(
            f"{recording.path}: frame {line.index} is damaged: {error}. Try: lidarlive check --repair"
        ) from None


def _layout(recording: Recording) -> tuple[object, ...]:
    info = recording.info
    return info.camera, info.rgb_size, info.depth_size, info.has_confidence


def _wire_clip(path: Path, report: Report, fps: float | None = None) -> Clip:
    """Play the bytes of a connection to a phone unchanged: also damaged messages, and a torn one at the end.

    With `fps` they are played at that rate, and times are added. Else they are played at the times in them, if any.
    """
    spans, stamped = message_spans(path), fps is not None
    whole_end = sum(spans[-1])

    def read(offset: int, size: int = -1) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise LidarliveError(f"{path} cannot be read: {error.strerror}") from error

    if fps is not None:
        times_s: list[float] | None = [i / fps for i in range(len(spans))]
    elif times_s := times_of_wire(path, spans):
        fps = (len(times_s) - 1) / times_s[-1]
    return Clip(
        len(spans), fps or WIRE_FPS, lambda i: read(*spans[i]), report, read(whole_end), times_s, stamped=stamped
    )


def _demo_clip(second_walk: bool, report: Report) -> Clip:
    """Play the demo room's loop from the cache; render it first if it is missing, or was torn by a power cut."""
    path = cache_folder() / f"demo-room-{VERSION}{'-walk-2' if second_walk else ''}.wire"
    if not is_complete(path):
        _render_demo(path, second_walk, report)
        return _wire_clip(path, lambda prepared: None, DemoRoom.fps)
    return _wire_clip(path, report, DemoRoom.fps)


def _render_demo(path: Path, second_walk: bool, report: Report) -> None:
    """Render the loop to `path`, which appears once it is complete. Of two processes that need it, one renders."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if is_complete(path):
                return
            with part.open("wb") as file:
                for message in _rendered(DemoRoom(reverse=second_walk), report):
                    file.write(message)
            os.replace(part, path)
    except OSError as error:
        raise LidarliveError(
            f"the demo room cannot be saved in {path.parent}: {error.strerror}. Set {CACHE_VARIABLE} to another folder"
        ) from error


def _rendered(room: DemoRoom, report: Report) -> Iterator[bytes]:
    """Yield the room's messages in order. NumPy and OpenCV mostly release the GIL: two threads render in parallel."""

    def drawn(i: int) -> bytes:
        return frame_message(room.render(i), DEMO_JPEG_QUALITY)

    pool = ThreadPoolExecutor(RENDER_THREADS, "room")
    try:
        for i, message in enumerate(pool.map(drawn, range(room.frames))):
            yield message
            report((i + 1) / room.frames)
    finally:
        pool.shutdown(cancel_futures=True)


def frame_message(frame: Frame, jpeg_quality: int) -> bytes:
    """Encode a frame as the phone would send it."""
    confidence = frame.confidence
    return encode_message(
        frame.jpeg or encode_jpeg(frame.rgb, jpeg_quality),
        frame.rgb_size,
        lzfse.compress(frame.depth_m.astype("<f4").tobytes()),
        frame.depth_size,
        None if confidence is None else lzfse.compress(confidence.tobytes()),
        frame.intrinsics,
        frame.pose,
        frame.camera,
    )


@dataclass(frozen=True)
class ClipFile:
    """A kind of file that can be played: its title in file dialogs, and its opener."""

    title: str
    open: Callable[[Path, Report], Clip]


# By suffix; a new kind of file to play is one opener and one line.
CLIP_FILES = {
    r3d_reader.SUFFIX: ClipFile(r3d_reader.FORMAT.title, _r3d_clip),
    ".wire": ClipFile("wire files", _wire_clip),
}
