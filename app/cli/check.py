"""`lidarlive check`: is every frame that was recorded still whole, and does it make sense?"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from app.progress import frame_progress
from capture.errors import LidarliveError
from capture.inspection.examine import Examined, examine
from capture.recording import recording_folders
from capture.storage.layout import read_info, read_log
from capture.storage.repair import being_written, repair

MAX_DETAILS = 5  # lines a finding; --json has all


def check(paths: list[Path], repair_torn: bool, as_json: bool) -> int:
    """Look through the recordings at `paths`. Returns 3 where damage was found. Raises LidarliveError."""
    folders = [folder for path in paths for folder in recording_folders(path, remains=True)]
    repairs = {str(folder): _repair(folder) for folder in folders if repair_torn and _is_torn(folder)}
    examined = dict(_examined(folders, silent=as_json))
    if as_json:
        print(json.dumps(_document(repairs, examined)))
    else:
        for done in repairs.values():
            print(f"lidarlive: {done}", file=sys.stderr)
        console = Console()
        width = console.width if console.is_terminal else sys.maxsize  # a file or a program gets whole lines
        for folder, found in examined.items():
            print(f"{folder}: {_verdict(found)}")
            for indent, line in _lines(found):
                print(textwrap.fill(line, width, initial_indent=indent, subsequent_indent=f"{indent}    "))
    return 3 if repairs or any(found.damage for found in examined.values()) else 0


def _examined(folders: list[Path], silent: bool) -> Iterator[tuple[str, Examined]]:
    frames = {folder: _frames(folder) for folder in folders}
    with frame_progress(silent) as progress:
        task, before = progress.add_task("", total=sum(frames.values())), 0
        for folder in folders:
            progress.update(task, description=folder.name)

            def on_frame(done: int, before: int = before) -> None:
                progress.update(task, completed=before + done)

            yield str(folder), examine(folder, on_frame)
            before += frames[folder]


def _frames(folder: Path) -> int:
    try:
        return read_log(folder).count(b"\n")
    except LidarliveError:
        return 0


def _document(repairs: dict[str, str], examined: dict[str, Examined]) -> dict[str, object]:
    return {
        "repaired": repairs,
        "damage": {folder: found.damage for folder, found in examined.items()},
        "findings": {folder: [asdict(each) for each in found.findings] for folder, found in examined.items()},
        "agreement": {folder: found.agreement for folder, found in examined.items()},
        "untold": {folder: found.undetermined for folder, found in examined.items()},
    }


def _verdict(found: Examined) -> str:
    remarks, faults = sum(not each.is_damage for each in found.findings), len(found.damage)
    said = f"{faults} {'fault' if faults == 1 else 'faults'} found" if faults else "whole"
    return said + (f", {remarks} {'remark' if remarks == 1 else 'remarks'}" if remarks else "")


def _lines(found: Examined) -> Iterator[tuple[str, str]]:
    """Indents and what to write behind them."""
    for each in found.findings:
        yield " " * 4, f"{each.where}: {each.what}" if each.where else each.what
        for detail in each.details[:MAX_DETAILS]:
            yield " " * 8, detail
        if len(each.details) > MAX_DETAILS:
            yield " " * 8, f"and {len(each.details) - MAX_DETAILS} more"
        if each.advice:
            yield " " * 8, each.advice
    if found.undetermined:
        yield " " * 4, f"not told: {found.undetermined}"


def _is_torn(folder: Path) -> bool:
    """Whether a crash left it so: not closed and nobody writes to it, or with no recording.json that can be read."""
    if being_written(folder):
        return False
    try:
        return read_info(folder).status == "recording"
    except LidarliveError:
        return True


def _repair(folder: Path) -> str:
    try:
        return repair(folder).done
    except LidarliveError as error:  # one that cannot be repaired does not keep the others from it
        return str(error)
