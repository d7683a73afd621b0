"""`lidarlive inspect`: summarise recordings."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from app.cli.inspect_table import InspectedRecording, show
from app.cli.options import DataArgument, JsonOption
from capture.inspection.survey import survey
from capture.inspection.time_line import clock_of
from capture.recording import Dataset, Recording


@dataclass(frozen=True)
class InspectCommand:
    """Summarise recordings: a table, and how far the depth reaches, what is missing, sharpness and camera motion."""

    data: DataArgument
    json: JsonOption = False


def run(options: InspectCommand) -> int:
    """Print a summary of the recordings. Returns 3 if one had to be repaired."""
    recordings = [recording for path in options.data for recording in Dataset(path)]
    errors = Console(stderr=True)
    silent = options.json or not errors.is_terminal
    summaries = [summary(each) for each in track(recordings, "reading", console=errors, transient=True, disable=silent)]
    if options.json:
        print(json.dumps([document(each) for each in summaries]))
    else:
        show(summaries, Console())
    for recording in recordings:
        if recording.repaired:
            print(f"lidarlive: {recording.repaired}", file=sys.stderr)
    return 3 if any(recording.repaired for recording in recordings) else 0


def summary(recording: Recording) -> InspectedRecording:
    """Read a sample of the frames. Raises LidarliveError if one cannot be read."""
    found = survey(recording)
    return InspectedRecording(
        info=recording.info,
        path=recording.path,
        frames=len(recording),
        seconds=recording.seconds,
        fps=recording.fps,
        disk_bytes=_disk_bytes(recording.path),
        depth_m=found.depth.range_m if found else None,
        confident=found.depth.confident if found else None,
        survey=found,
        clock=clock_of(recording),
        repaired=recording.repaired,
    )


def document(inspected: InspectedRecording) -> dict[str, object]:
    """Return the summary for JSON: recording.json, and what the sample of frames shows, null if there is no frame."""
    return {
        **asdict(inspected.info),
        "path": str(inspected.path),
        "frames": inspected.frames,
        "seconds": inspected.seconds,
        "fps": inspected.fps,
        "disk_bytes": inspected.disk_bytes,
        "depth_m": [None, None] if inspected.depth_m is None else list(inspected.depth_m),
        "confident": inspected.confident,
        "survey": _survey_document(inspected),
        "clock": asdict(inspected.clock),
        "repaired": inspected.repaired,
    }


def _survey_document(inspected: InspectedRecording) -> dict[str, object] | None:
    if inspected.survey is None:
        return None
    fields = asdict(inspected.survey)
    fields["coverage"] = fields.pop("depth")["coverage"]
    return fields


def _disk_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
