"""What the stand-in phone plays: a row of messages, encoded before they are due.

demo room ──render, JPEG, LZFSE──► cached .wire file ─┐
.wire file ───────────────────────────────────────────┤
.r3d file ──the app's own bytes───────────────────────┼─► Clip ──message(n)──► phone
recordings ──JPEG as it is, depth PNG to LZFSE────────┘
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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
from capture.virtual_phone.wire_file import is_complete, message_spans

MAX_HELD_FRAMES = 600  # longer clips would keep the person waiting: 600 frames of a recording encode in about 5 s
MAX_HELD_BYTES = 256 << 20  # what a laptop can spare; 600 frames of 1440x1920 take half of it
FRAMES_AHEAD = 30  # of a longer clip: half a second at 60 fps rides out any pause of the disk
WIRE_FPS = 30.0  # a .wire file does not say its rate, as the wire does not
RENDER_THREADS = 2
DEMO_JPEG_QUALITY = 85  # the phone's own pictures are no larger

Report = Callable[[float], None]  # how much is prepared, 0 to 1


class Clip:
    """`len` messages at `fps`, each taken with `message(n)`; `n` counts on for ever and the clip goes round.

    A clip within MAX_HELD_FRAMES and MAX_HELD_BYTES is encoded here, whole. A longer one is encoded ahead of `n` by one
    thread, at most FRAMES_AHEAD messages; it may block on the disk. One thread may take messages.

    `encode(i)` makes message i; it raises LidarliveError where the source is damaged, and so does `message`. `tail` are
    bytes that end the stream where the clip does, as a torn message does. `rgb_size` is (width, height) of the first
    picture whose message makes sense, (0, 0) where none does.
    """

    def __init__(
        self, length: int, fps: float, encode: Callable[[int], bytes], report: Report, tail: bytes = b""
    ) -> None:
        self.fps = fps
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
        """The n-th message to be played, headers included; of a longer clip, soon after the one before."""
        if self._held is not None:
            return self._held[n % self._length]
        for passed in [k for k in self._ahead if not n <= k < n + FRAMES_AHEAD]:
            self._ahead.pop(passed).cancel()
        for k in range(n, n + FRAMES_AHEAD):
            if k not in self._ahead:
                self._ahead[k] = self._encoder.submit(self._encode, k % self._length)
        return self._ahead[n].result()

    def changed(self, change: Callable[[bytes], bytes], report: Report) -> Clip:
        """The same clip with each message changed, prepared and played as this one."""
        return Clip(self._length, self.fps, lambda i: change(self._encode(i)), report, self.tail)

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
    """`demo`, a `.r3d` file, a `.wire` file, one of our recordings, or a dataset of recordings that are alike.

    Returns when the clip can be played; `report` hears how far that is. Raises LidarliveError where it never can be.
    """
    if what == "demo":
        return _demo_clip(report)
    path = Path(what).expanduser()
    suffix = path.suffix.lower()
    if suffix in CLIP_FILES:
        return CLIP_FILES[suffix].open(path, report)
    return _dataset_clip(Dataset(path), report)


def clip_file_filter() -> str:
    """Filter of a file dialog: `Record3D files, wire files (*.r3d *.wire)`."""
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

    return Clip(len(source), source.fps, encode, report)


def _dataset_clip(dataset: Dataset, report: Report) -> Clip:
    recordings = [recording for recording in dataset if len(recording)]
    if not recordings:
        raise LidarliveError(f"{dataset.path} holds no frame to play. Record again, or: lidarlive check --repair")
    first = recordings[0]
    for other in recordings:
        if _layout(other) != _layout(first):
            raise LidarliveError(
                f"{dataset.path}: recordings of different sizes or cameras cannot be played in one go "
                f"({first.path.name} and {other.path.name}). Play one of them"
            )
    frames = [(recording, i) for recording in recordings for i in range(len(recording))]

    def encode(i: int) -> bytes:
        recording, index = frames[i]
        return _recorded_message(recording, recording.line(index))

    return Clip(len(frames), first.fps, encode, report)


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


def _wire_clip(path: Path, report: Report, fps: float = WIRE_FPS) -> Clip:
    """What a connection to a phone carried, unchanged: damaged messages too, and at the end a torn one."""
    spans = message_spans(path)
    whole_end = sum(spans[-1])

    def read(offset: int, size: int = -1) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise LidarliveError(f"{path} cannot be read: {error.strerror}") from error

    return Clip(len(spans), fps, lambda i: read(*spans[i]), report, tail=read(whole_end))


def _demo_clip(report: Report) -> Clip:
    """The demo room's loop from the cache, rendered into it where it is not there, or was torn by a power cut."""
    path = cache_folder() / f"demo-room-{VERSION}.wire"
    if not is_complete(path):
        _render_demo(path, report)
        return _wire_clip(path, lambda prepared: None, DemoRoom.fps)
    return _wire_clip(path, report, DemoRoom.fps)


def _render_demo(path: Path, report: Report) -> None:
    """Render the loop to `path`, which appears once it is whole. Of two processes that want it, one renders."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if is_complete(path):
                return
            with part.open("wb") as file:
                for message in _rendered(DemoRoom(), report):
                    file.write(message)
            os.replace(part, path)
    except OSError as error:
        raise LidarliveError(
            f"the demo room cannot be kept in {path.parent}: {error.strerror}. Set {CACHE_VARIABLE} to another folder"
        ) from error


def _rendered(room: DemoRoom, report: Report) -> Iterator[bytes]:
    """The room's messages in order. NumPy and OpenCV leave two threads to draw most of the time."""

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
    """The frame as the phone would send it."""
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
    """A single file that can be played: its title in file dialogs, and what opens it."""

    title: str
    open: Callable[[Path, Report], Clip]


# By suffix; a new kind of file to play is one opener and one line.
CLIP_FILES = {
    r3d_reader.SUFFIX: ClipFile(r3d_reader.FORMAT.title, _r3d_clip),
    ".wire": ClipFile("wire files", _wire_clip),
}
