"""Foreign recordings into ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from capture.formats.r3d import R3dFile
from capture.frame import CaptureError
from capture.writer import RecordingWriter

Progress = Callable[[int, int], None]  # frames done, frames in all


def import_r3d(source: Path, dataset: Path, on_progress: Progress) -> RecordingWriter:
    """Import a `.r3d` file: JPEG bytes unchanged, depth to millimetres. Returns the closed writer.

    A frame that is damaged is left out and counted as lost (`damaged`); the others are imported.

    Raises CaptureError where the file is not a Record3D recording, or no frame of it is whole.
    """
    with (
        R3dFile(source) as recording,
        RecordingWriter(dataset, source.stem, source=source.name, note=f"imported from {source.name}") as writer,
    ):
        damage = ""
        for i in range(len(recording)):
            try:
                frame = recording.encoded(i)
            except CaptureError as error:
                damage = str(error)
                writer.lost["damaged"] += 1
            else:
                writer.append(frame)
            on_progress(i + 1, len(recording))
        if not writer.written:
            raise CaptureError(f"{source}: no frame of it is whole; the last fault was: {damage or 'it is empty'}")
    return writer
