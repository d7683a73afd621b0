"""`lidarlive check`: is every frame that was recorded still whole?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from capture.check import damage, repair
from capture.layout import read_info
from capture.recording import being_written, recording_folders


def check(paths: list[Path], repair_torn: bool, as_json: bool) -> int:
    """Verify every file of the recordings at `paths`. Returns 3 where damage was found. Raises CaptureError."""
    folders = [folder for path in paths for folder in recording_folders(path)]
    repairs = {}
    if repair_torn:
        torn = (f for f in folders if read_info(f).status == "recording" and not being_written(f))
        repairs = {str(folder): repair(folder) for folder in torn}
    progress = track(folders, "checking", console=Console(stderr=True), transient=True, disable=as_json)
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
