"""Foreign recordings into ours."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from capture.errors import LidarliveError
from capture.formats.folders_reader import ImageFolder
from capture.formats.r3d_reader import R3dFile
from capture.formats.stray_reader import StrayScan, is_stray
from capture.formats.tum_reader import TumSequence, is_tum
from capture.frame import Intrinsics
from capture.storage.encoding import EncodedFrame
from capture.storage.layout import is_recording
from capture.storage.writer import RecordingWriter

Progress = Callable[[int, int], None]  # frames done, frames in all
READ_AHEAD = 4  # frames that are read, or wait to be written: a slow moment of the disk is as long
COARSEST, FINEST = 1.0, 1e6  # depth units a metre that 16 bits make sense of: metres, micrometres


@dataclass(frozen=True)
class ImportOptions:
    """What a data set of image files does not say of itself; Record3D and Stray Scanner say all but the name.

    depth_scale  units of the depth maps a metre; None: 1000, millimetres, and 5000 for TUM sequences
    intrinsics   of all pictures, in their pixels; None: unknown, but for TUM sequences that name their camera
    name         of the recording; None: that of the file or folder

    Raises LidarliveError where a number cannot be what it says.
    """

    depth_scale: float | None = None
    intrinsics: Intrinsics | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.depth_scale is not None and not COARSEST <= self.depth_scale <= FINEST:
            raise LidarliveError(
                f"the depth scale is units a metre, from {COARSEST:.0f} (metres) to {FINEST:.0f} (micrometres); "
                f"1000 is millimetres. Received: {self.depth_scale:g}"
            )
        if self.intrinsics is not None and not (self.intrinsics.fx > 0 and self.intrinsics.fy > 0):
            raise LidarliveError(f"focal lengths must be more than 0 pixels. Received: {self.intrinsics.as_list()}")


class Foreign(Protocol):
    """What every format gives. `remark` says what a person should know of the whole of it; mostly nothing."""

    @property
    def remark(self) -> str: ...

    def __len__(self) -> int: ...

    def encoded(self, i: int) -> EncodedFrame:
        """Asked for in order, each once at most. Raises LidarliveError where the frame is damaged."""
        ...


def import_path(
    source: Path,
    dataset: Path,
    options: ImportOptions,
    on_progress: Progress,
    on_remark: Callable[[str], None] = lambda remark: None,
) -> RecordingWriter:
    """Import one source, whatever it is, as a recording below `dataset`. Returns the closed writer.

    A frame that is damaged or lacks a part is left out and counted as lost (`damaged`); the others are imported.
    `on_remark` is told each such fault, and what else a person should know. A thread reads ahead of the disk, a few
    frames at most. Where importing ends before its time, nothing is left, or a recording that is marked `incomplete`,
    if the process is killed: once it is opened.

    Raises LidarliveError where the source is of no kind known, no frame of it is whole, or their sizes differ.
    """
    with _open(source, options) as frames:
        note = "; ".join(filter(None, (f"imported from {source.name}", frames.remark)))
        name = options.name or _name(source)
        with (
            RecordingWriter(dataset, name, source=source.name, note=note, imported=True) as writer,
            _read_ahead(frames) as ahead,
        ):
            if frames.remark:
                on_remark(f"{source}: {frames.remark}")
            first_fault = ""
            for i, reading in enumerate(ahead):
                try:
                    frame = reading.result()
                except LidarliveError as error:
                    first_fault = first_fault or str(error)
                    writer.lost["damaged"] += 1
                    on_remark(str(error))
                else:
                    _require_layout(source, i, frame, writer)
                    writer.append(frame)
                on_progress(i + 1, len(frames))
            if not writer.written:
                raise LidarliveError(
                    f"{source}: no frame of it is whole; the first fault was: {first_fault or 'it is empty'}"
                )
    return writer


@contextmanager
def _read_ahead(frames: Foreign) -> Iterator[Iterator[Future[EncodedFrame]]]:
    """Each frame in order, as one thread reads them: at most READ_AHEAD, and none once the context is left."""
    with ThreadPoolExecutor(1, "import") as reader:
        ahead: deque[Future[EncodedFrame]] = deque()

        def in_order() -> Iterator[Future[EncodedFrame]]:
            for i in range(len(frames)):
                ahead.append(reader.submit(frames.encoded, i))
                if len(ahead) == READ_AHEAD:
                    yield ahead.popleft()
            while ahead:
                yield ahead.popleft()

        try:
            yield in_order()
        finally:
            reader.shutdown(cancel_futures=True)


def _open(source: Path, options: ImportOptions) -> AbstractContextManager[Foreign]:
    try:
        if is_recording(source):
            raise LidarliveError(f"{source} is a recording already; it needs no import")
        if source.is_dir():
            if is_stray(source):
                _require_nothing_said(source, options)
                return closing(StrayScan(source))
            folder = TumSequence if is_tum(source) else ImageFolder
            return nullcontext(folder(source, options.depth_scale, options.intrinsics))
        if not source.exists():
            raise LidarliveError(f"{source} does not exist")
    except OSError as error:
        raise LidarliveError(f"{source} cannot be read ({error.strerror})") from None
    _require_nothing_said(source, options)
    return R3dFile(source)


def _require_nothing_said(source: Path, options: ImportOptions) -> None:
    if options.depth_scale is not None or options.intrinsics is not None:
        raise LidarliveError(f"{source} says its own depth scale and intrinsics. Leave out what you gave")


def _name(source: Path) -> str:
    return source.stem if source.is_file() else source.resolve().name


def _require_layout(source: Path, i: int, frame: EncodedFrame, writer: RecordingWriter) -> None:
    if writer.layout not in (None, frame.layout):
        raise LidarliveError(
            f"{source}: all frames must have one size, and confidence or not. Received: {frame.rgb_size}, depth "
            f"{frame.depth_size} after {writer.written} frames of another kind. Import each kind by itself"
        )
