"""`lidarlive inspect`: what is in recordings. A table, and what the pictures and depth maps of all of them hold."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from app.cli.inspect_table import show
from capture.inspection.survey import Survey, survey
from capture.recording import Dataset, Recording


def inspect(paths: list[Path], as_json: bool) -> int:
    """Print what is in the recordings at `paths`. Returns 3 where one had to be repaired."""
    recordings = [recording for path in paths for recording in Dataset(path)]
    errors = Console(stderr=True)
    silent = as_json or not errors.is_terminal
    rows = [summary(each) for each in track(recordings, "looking", console=errors, transient=True, disable=silent)]
    if as_json:
        print(json.dumps(rows))
    else:
        show(rows, Console())
    for recording in recordings:
        if recording.repaired:
            print(f"lidarlive: {recording.repaired}", file=sys.stderr)
    return 3 if any(recording.repaired for recording in recordings) else 0


def summary(recording: Recording) -> dict[str, Any]:
    """All there is to say of a recording, for JSON: recording.json, and what a sample of the frames shows.

    `depth_m` is the 2nd to 98th percentile of readings, `survey` a Survey; null where there is no frame.
    Raises LidarliveError where a frame cannot be read.
    """
    found = survey(recording)
    reach = found.depth.range_m if found else None
    return {
        **asdict(recording.info),
        "path": str(recording.path),
        "frames": len(recording),
        "seconds": recording.seconds,
        "fps": recording.fps,
        "disk_bytes": _disk_bytes(recording.path),
        "depth_m": [None, None] if reach is None else list(reach),
        "confident": found.depth.confident if found else None,
        "survey": _document(found) if found else None,
        "repaired": recording.repaired,
    }


def _document(found: Survey) -> dict[str, Any]:
    document = asdict(found)
    document["coverage"] = document.pop("depth")["coverage"]
    return document


def _disk_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
