"""Import data of other programs as recordings."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from capture.errors import LidarliveError
from capture.formats.base import FrameReader, ImportOptions, Progress
from capture.formats.parts.noticed import Noticed
from capture.formats.registry import find_reader
from capture.storage.encoding import EncodedFrame
from capture.storage.layout import is_recording
from capture.storage.writer import RecordingWriter

READ_AHEAD = 4  # frames in memory, read but not yet written: enough for a slow moment of the disk


def import_path(
    source: Path,
    dataset: Path,
    options: ImportOptions,
    on_progress: Progress,
    on_remark: Callable[[str], None] = lambda remark: None,
    on_fault: Callable[[str], None] | None = None,
) -> RecordingWriter:
    """Import one file or folder as a recording below `dataset`. Returns the closed writer.

    A frame that is damaged or lacks a part is skipped and counted as lost (`damaged`); the others are imported.
    `on_fault` is called with each such fault, `on_remark` with anything else the user should know; without `on_fault`
    with both. An orientation in a picture's EXIF data is removed, without encoding it again. A thread reads a few
    frames ahead of the disk. An import that fails leaves nothing, or a recording that is marked `incomplete`; one that
    is killed leaves a recording that gets this mark when it is opened.

    Raises LidarliveError if the format is unknown, no frame is intact, or frames differ in size.
    """
    with _open(source, options) as frames:
        note = "; ".join(filter(None, (f"imported from {source.name}", frames.remark)))
        name = options.name or _name(source)
        with (
            RecordingWriter(
                dataset, name, source=source.name, note=note, imported=True, depth_scale=frames.depth_scale
            ) as writer,
            _read_ahead(frames) as ahead,
        ):
            if frames.remark:
                on_remark(f"{source}: {frames.remark}")
            first_fault = ""
            noticed = Noticed(len(frames), frames.depth_scale)
            for i, reading in enumerate(ahead):
                try:
                    frame = reading.result()
                except LidarliveError as error:
                    first_fault = first_fault or str(error)
                    writer.lost["damaged"] += 1
                    (on_fault or on_remark)(str(error))
                else:
                    _require_layout(source, i, frame, writer)
                    writer.append(noticed.look(frame))
                on_progress(i + 1, len(frames))
            if not writer.written:
                raise LidarliveError(
                    f"{source}: no frame is intact. The first fault: {first_fault or 'it has no frames'}"
                )
            for remark in noticed.remarks():
                on_remark(f"{source}: {remark}")
    return writer


@contextmanager
def _read_ahead(frames: FrameReader) -> Iterator[Iterator[Future[EncodedFrame]]]:
    """Read all frames in order in one thread, at most READ_AHEAD in advance, until the context is left."""
    with ThreadPoolExecutor(1, "import") as reader:
        ahead: deque[Future[EncodedFrame]] = deque()

        def in_order() -> Iterator[Future[EncodedFrame]]:
            for i in range(len(frames)):
                ahead.append(reader.submit(frames.read_frame, i))
                if len(ahead) == READ_AHEAD:
                    yield ahead.popleft()
            while ahead:
                yield ahead.popleft()

        try:
            yield in_order()
        finally:
            reader.shutdown(cancel_futures=True)


def _open(source: Path, options: ImportOptions) -> AbstractContextManager[FrameReader]:
    try:
        if is_recording(source):
            raise LidarliveError(f"{source} is a recording already and needs no import")
        if not source.exists():
            raise LidarliveError(f"{source} does not exist")
        format = find_reader(source)
        if format.has_own_scale and (options.depth_scale is not None or options.intrinsics is not None):
            raise LidarliveError(
                f"{source} contains its own depth scale and intrinsics. Drop --depth-scale and --intrinsics"
            )
        return format.open(source, options)
    except OSError as error:
        raise LidarliveError(f"{source} cannot be read ({error.strerror})") from None


def _name(source: Path) -> str:
    return source.stem if source.is_file() else source.resolve().name


def _require_layout(source: Path, i: int, frame: EncodedFrame, writer: RecordingWriter) -> None:
    if writer.layout not in (None, frame.layout):
        raise LidarliveError(
            f"{source}: all frames must have the same sizes, with confidence or without. Received: frame {i} with RGB "
            f"{frame.rgb_size} and depth {frame.depth_size} after {writer.written} other frames. Import each kind "
            "separately"
        )
