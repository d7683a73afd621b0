"""`lidarlive check`: is every frame that was recorded still whole?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from capture.check import damage
from capture.frame import CaptureError
from capture.layout import read_info
from capture.recording import recording_folders
from capture.repair import being_written, repair


def check(paths: list[Path], repair_torn: bool, as_json: bool) -> int:
    """Verify every file of the recordings at `paths`. Returns 3 where damage was found. Raises CaptureError."""
    folders = [folder for path in paths for folder in recording_folders(path, remains=True)]
    repairs = {str(folder): _repair(folder) for folder in folders if repair_torn and _is_torn(folder)}
    console = Console(stderr=True)
    silent = as_json or not console.is_terminal
    progress = track(folders, "checking", console=console, transient=True, disable=silent)
    findings = {str(folder): list(damage(folder)) for folder in progress}
    if as_json:
        print(json.dumps({"repaired": repairs, "damage": findings}))
    else:
        for done in repairs.values():
            print(f"lidarlive: {done}", file=sys.stderr)
        for folder, found in findings.items():
            print(f"{folder}: {len(found)} faults found" if found else f"{folder}: whole")
            for line in found:
                print(f"    {line}")
    return 3 if repairs or any(findings.values()) else 0


def _is_torn(folder: Path) -> bool:
    """Whether a crash left it so: not closed and nobody writes to it, or with no recording.json that can be read."""
    if being_written(folder):
        return False
    try:
        return read_info(folder).status == "recording"
    except CaptureError:
        return True


def _repair(folder: Path) -> str:
    try:
        return repair(folder).done
    except CaptureError as error:  # one that cannot be repaired does not keep the others from it
        return str(error)
