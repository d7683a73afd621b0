"""Export recordings to the formats of other programs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from capture.errors import LidarliveError
from capture.formats.base import Progress
from capture.formats.registry import export_names, find_writer
from capture.geometry.poses import LOST_POSE, is_pose
from capture.recording import Dataset, Recording
from capture.storage.encoding import EncodedFrame, decode_png, encode_png
from capture.storage.layout import is_recording
from capture.wording import counted, verb

DEPTH_SIZES = ("own", "rgb")


@dataclass(frozen=True)
class ExportOptions:
    """What to write.

    format      name of one of `capture.formats.registry.WRITERS`
    depth_size  own: as measured; rgb: resized to the picture's size, and image folders are named X/ and Y/
    frame       index of the frame for a point cloud; None: the middle one

    Raises LidarliveError if an option is unknown or does not apply to the format.
    """

    format: str
    depth_size: str = "own"
    frame: int | None = None

    def __post_init__(self) -> None:
        writer = find_writer(self.format)
        if self.depth_size not in DEPTH_SIZES:
            raise LidarliveError(f"--depth-size must be {' or '.join(DEPTH_SIZES)}. Received: {self.depth_size!r:.80}")
        if self.at_rgb_size and not writer.resizes:
            formats = export_names(lambda writer: writer.resizes)
            raise LidarliveError(f"--depth-size rgb is for {formats}. Received: --format {self.format}")
        if self.frame is not None and not writer.one_frame:
            formats = export_names(lambda writer: writer.one_frame)
            raise LidarliveError(f"--frame is for {formats}; other formats hold every frame. Received: {self.format}")

    @property
    def at_rgb_size(self) -> bool:
        return self.depth_size == "rgb"


@dataclass
class Exported:
    """Result of an export.

    frames, damaged   number of frames written; skipped because they are damaged
    left_out          skipped because they have no pose and the format needs one
    repaired          whether a recording had to be repaired first
    remarks           for the user, about recordings as a whole
    """

    frames: int = 0
    damaged: int = 0
    left_out: int = 0
    repaired: bool = False
    remarks: list[str] = field(default_factory=list)


def export_path(
    path: Path,
    out: Path,
    options: ExportOptions,
    on_progress: Progress,
    on_fault: Callable[[str], None] = lambda fault: None,
) -> Exported:
    """Export the recording at `path` as the file or folder `out`, or a data set as a folder with one export each.

    Frames are read one by one; a damaged one is skipped and counted, and `on_fault` is called with its fault.
    Everything is written beside `out` and renamed at the end, so that an interrupted export leaves nothing.

    Raises LidarliveError if `out` exists or cannot be written, `path` neither is a recording nor contains one, no frame
    of a recording is intact, or the format cannot hold it.
    """
    recordings = list(Dataset(path))
    chosen = [_chosen(recording, options) for recording in recordings]
    exported = Exported()
    total = sum(map(len, chosen))

    def count() -> None:
        on_progress(exported.frames + exported.damaged + exported.left_out, total)

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
                    each = unfinished / (recording.path.name + find_writer(options.format).suffix)
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
        raise LidarliveError(f"{out} exists already. Choose a new name")


def _chosen(recording: Recording, options: ExportOptions) -> range:
    if not find_writer(options.format).one_frame or not len(recording):
        return range(len(recording))
    frame = len(recording) // 2 if options.frame is None else options.frame
    if not 0 <= frame < len(recording):
        raise LidarliveError(
            f"{recording.path} has {counted(len(recording), 'frame')}, counted from 0. Received: --frame {frame}"
        )
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
    before, lost = exported.frames, 0
    first_fault = ""
    format = find_writer(options.format)
    with closing(format.open(out, options.at_rgb_size)) as writer:
        for i in chosen:
            try:
                frame = recording.encoded(i)
            except LidarliveError as error:
                first_fault = first_fault or str(error)
                exported.damaged += 1
                on_fault(str(error))
            else:
                if not is_pose(frame.pose):
                    lost += 1
                    frame = replace(frame, pose=LOST_POSE)
                if format.needs_poses and frame.pose == LOST_POSE:
                    exported.left_out += 1
                else:
                    writer.append(_at_rgb_size(frame) if options.at_rgb_size else frame)
                    exported.frames += 1
            count()
        if exported.frames == before:
            _refuse_nothing(recording, options.format, lost, first_fault)
    if lost and not format.one_frame:
        have, consequence = verb(lost, "has", "have"), verb(lost, " and was left out", " and were left out")
        exported.remarks.append(
            f"{recording.path}: {lost} of {counted(len(chosen), 'frame')} {have} no pose"
            + (consequence if format.needs_poses else "")
        )
    if writer.remark:
        exported.remarks.append(f"{recording.path}: {writer.remark}")


def _refuse_nothing(recording: Recording, format: str, lost: int, first_fault: str) -> NoReturn:
    """Raise the reason why no frame was written."""
    if lost:
        others = export_names(lambda writer: not writer.needs_poses)
        raise LidarliveError(
            f"{recording.path}: no intact frame has a pose, which {format} needs. Choose another format: {others}"
        )
    raise LidarliveError(f"{recording.path}: no frame is intact. The first fault: {first_fault or 'it has no frames'}")


def _at_rgb_size(frame: EncodedFrame) -> EncodedFrame:
    """Resize depth and confidence to the picture's size."""
    confidence = frame.confidence_png
    return replace(
        frame,
        depth_png=_nearest(frame.depth_png, frame.depth_size, frame.rgb_size, np.uint16),
        confidence_png=None if confidence is None else _nearest(confidence, frame.depth_size, frame.rgb_size, np.uint8),
        depth_size=frame.rgb_size,
    )


def _nearest(png: bytes, old: tuple[int, int], new: tuple[int, int], dtype: type[np.unsignedinteger[Any]]) -> bytes:
    """Resize by nearest neighbour: interpolating across an edge would invent depth between near and far."""
    rows, columns = (((np.arange(n) + 0.5) * o / n).astype(np.intp) for n, o in zip(new[::-1], old[::-1], strict=True))
    return encode_png(decode_png(png, old, dtype)[np.ix_(rows, columns)])
