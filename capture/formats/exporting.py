"""Recordings into the formats of others."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from capture.errors import LidarliveError
from capture.formats.folders_writer import FoldersWriter
from capture.formats.nerfstudio_writer import NerfstudioWriter
from capture.formats.ply_writer import PlyWriter
from capture.formats.r3d_writer import R3dWriter
from capture.formats.tum_writer import TumWriter
from capture.geometry.poses import is_pose
from capture.recording import Dataset, Recording
from capture.storage.encoding import EncodedFrame, decode_png, encode_png
from capture.storage.layout import is_recording

Progress = Callable[[int, int], None]  # frames done, frames in all
Size = tuple[int, int]


class Writer(Protocol):
    """What every format gives: a file or folder that frames of one layout are added to.

    `remark` says, once it is closed, what a person should know of the whole of it; mostly nothing. All raise OSError
    where the disk does not take something.
    """

    @property
    def remark(self) -> str: ...

    def append(self, frame: EncodedFrame) -> None:
        """Raises LidarliveError where the format cannot hold such frames."""
        ...

    def close(self) -> None: ...


class Format(NamedTuple):
    """A format by what writes it, how its files' names end, and whether depth may have the RGB's size in it."""

    writer: Callable[[Path], Writer]
    suffix: str = ""
    resizes: bool = False


FORMATS = {
    "r3d": Format(R3dWriter, ".r3d"),
    "tum": Format(TumWriter, resizes=True),
    "nerfstudio": Format(NerfstudioWriter, resizes=True),
    "folders": Format(FoldersWriter, resizes=True),
    "ply": Format(PlyWriter, ".ply"),
}
DEPTH_SIZES = ("own", "rgb")


@dataclass(frozen=True)
class ExportOptions:
    """What to write.

    format      one of FORMATS
    depth_size  own: as measured; rgb: stretched to the picture's size, and folders are called X/ and Y/
    frame       which one becomes the point cloud, counted from 0; None: the middle one

    Raises LidarliveError where it makes no sense.
    """

    format: str
    depth_size: str = "own"
    frame: int | None = None

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise LidarliveError(f"--format must be one of {', '.join(FORMATS)}. Received: {self.format!r:.80}")
        if self.depth_size not in DEPTH_SIZES:
            raise LidarliveError(f"--depth-size must be {' or '.join(DEPTH_SIZES)}. Received: {self.depth_size!r:.80}")
        if self.depth_size == "rgb" and not FORMATS[self.format].resizes:
            wanted = ", ".join(name for name, format in FORMATS.items() if format.resizes)
            raise LidarliveError(f"--depth-size rgb is for {wanted}. Received: --format {self.format}")
        if self.frame is not None and self.format != "ply":
            raise LidarliveError(f"--frame is for ply; the other formats hold every frame. Received: {self.format}")


@dataclass
class Exported:
    """What an export came to.

    frames, damaged   written; left out because they are not what was recorded
    repaired          whether a recording had to be repaired first
    remarks           what a person should know of each recording as a whole
    """

    frames: int = 0
    damaged: int = 0
    repaired: bool = False
    remarks: list[str] = field(default_factory=list)


def export_path(
    path: Path,
    out: Path,
    options: ExportOptions,
    on_progress: Progress,
    on_fault: Callable[[str], None] = lambda fault: None,
) -> Exported:
    """Export the recording at `path` as the file or folder `out`, or a data set as a folder with one for each of its.

    Frames are read one by one; one that is not what was recorded is left out and counted, and `on_fault` is told.
    All is written beside `out` and takes its name in the end, so that nothing is left of an export that ends before its
    time.

    Raises LidarliveError where `out` is there already or cannot be written, `path` is no recording and holds none, no
    frame of a recording is whole, or the format cannot hold it.
    """
    recordings = list(Dataset(path))
    chosen = [_chosen(recording, options) for recording in recordings]
    exported = Exported()
    total = sum(map(len, chosen))

    def count() -> None:
        on_progress(exported.frames + exported.damaged, total)

    _refuse_existing(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as work:
            unfinished = Path(work) / out.name
            if is_recording(path):
                _export(recordings[0], chosen[0], unfinished, options, exported, count, on_fault)
            else:
                unfinished.mkdir()
                for recording, frames in zip(recordings, chosen, strict=True):
                    each = unfinished / (recording.path.name + FORMATS[options.format].suffix)
                    _export(recording, frames, each, options, exported, count, on_fault)
            _refuse_existing(out)
            os.replace(unfinished, out)
    except OSError as error:
        raise LidarliveError(
            f"{out}: cannot be written ({error.strerror or error}). Free some space or choose another folder"
        ) from error
    return exported


def _refuse_existing(out: Path) -> None:
    if os.path.lexists(out):
        raise LidarliveError(f"{out} exists already. Name a file or folder that does not")


def _chosen(recording: Recording, options: ExportOptions) -> range:
    if options.format != "ply" or not len(recording):
        return range(len(recording))
    frame = len(recording) // 2 if options.frame is None else options.frame
    if not 0 <= frame < len(recording):
        raise LidarliveError(f"{recording.path} has {len(recording)} frames, counted from 0. Received: --frame {frame}")
    return range(frame, frame + 1)


def _export(
    recording: Recording,
    chosen: range,
    out: Path,
    options: ExportOptions,
    exported: Exported,
    count: Callable[[], None],
    on_fault: Callable[[str], None],
) -> None:
    if recording.repaired:
        exported.repaired = True
        exported.remarks.append(recording.repaired)
    before = exported.frames
    first_fault = ""
    with closing(_writer(out, options)) as writer:
        for i in chosen:
            try:
                frame = _whole(recording, i)
            except LidarliveError as error:
                first_fault = first_fault or str(error)
                exported.damaged += 1
                on_fault(str(error))
            else:
                writer.append(_stretched(frame) if options.depth_size == "rgb" else frame)
                exported.frames += 1
            count()
        if exported.frames == before:
            raise LidarliveError(
                f"{recording.path}: nothing of it is whole; the first fault was: {first_fault or 'it has no frame'}"
            )
    if writer.remark:
        exported.remarks.append(f"{recording.path}: {writer.remark}")


def _writer(out: Path, options: ExportOptions) -> Writer:
    if options.format == "folders" and options.depth_size == "rgb":
        return FoldersWriter(out, rgb="X", depth="Y")  # the layout of the pair's first data set
    return FORMATS[options.format].writer(out)


def _whole(recording: Recording, i: int) -> EncodedFrame:
    frame = recording.encoded(i)
    if not is_pose(frame.pose):
        raise LidarliveError(f"{recording.path}, frame {i}: has no numbers of a pose. Received: {frame.pose.as_list()}")
    return frame


def _stretched(frame: EncodedFrame) -> EncodedFrame:
    """The frame with depth and confidence at the picture's size."""
    confidence = frame.confidence_png
    return replace(
        frame,
        depth_png=_nearest(frame.depth_png, frame.depth_size, frame.rgb_size, np.uint16),
        confidence_png=None if confidence is None else _nearest(confidence, frame.depth_size, frame.rgb_size, np.uint8),
        depth_size=frame.rgb_size,
    )


def _nearest(png: bytes, old: Size, new: Size, dtype: type[np.unsignedinteger[Any]]) -> bytes:
    """Each pixel takes the reading it lies in: at an edge a mean of near and far would be a depth where nothing is."""
    rows, columns = (((np.arange(n) + 0.5) * o / n).astype(np.intp) for n, o in zip(new[::-1], old[::-1], strict=True))
    return encode_png(decode_png(png, old, dtype)[np.ix_(rows, columns)])
