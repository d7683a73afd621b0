"""`lidarlive check`: verify the files of recordings and look for implausible frames."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.options import DataArgument, JsonOption
from app.progress import frame_progress
from capture.errors import LidarliveError
from capture.inspection.examine import Examined, examine
from capture.recording import recording_folders
from capture.storage.layout import read_info, read_log
from capture.storage.repair import being_written, repair
from capture.wording import counted

MAX_DETAILS = 5  # lines per finding; --json has all


EXAMPLES = (
    "lidarlive check data",
    "lidarlive check data --repair",
)


@dataclass(frozen=True)
class CheckCommand:
    """Verify every file of recordings, and whether their frames are plausible. Exit status 3: damage was found.

    Remarks are not damage: a changed lens, a turned phone, a pause, a picture that does not match its depth map.
    """

    data: DataArgument
    repair: Annotated[
        bool, typer.Option("--repair", help="cut off what a crash left incomplete; deletes no whole frame")
    ] = False
    json: JsonOption = False


def run(options: CheckCommand) -> int:
    """Examine the recordings. Returns 3 if damage was found. Raises LidarliveError."""
    folders = [folder for path in options.data for folder in recording_folders(path, remains=True)]
    repairs = {str(folder): _repair(folder) for folder in folders if options.repair and _is_torn(folder)}
    examined = dict(_examined(folders, silent=options.json))
    if options.json:
        print(json.dumps(_document(repairs, examined)))
    else:
        for outcome in repairs.values():
            print(f"lidarlive: {outcome}", file=sys.stderr)
        console = Console()
        width = console.width if console.is_terminal else sys.maxsize  # do not wrap for files and pipes
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
        "undetermined": {folder: found.undetermined for folder, found in examined.items()},
        "untold": {folder: found.undetermined for folder, found in examined.items()},  # old name, until 0.3
    }


def _verdict(found: Examined) -> str:
    remarks, faults = sum(not each.is_damage for each in found.findings), len(found.damage)
    verdict = f"{counted(faults, 'fault')} found" if faults else "whole"
    return verdict + (f", {counted(remarks, 'remark')}" if remarks else "")


def _lines(found: Examined) -> Iterator[tuple[str, str]]:
    """Yield (indent, text) of each line to print."""
    for each in found.findings:
        yield " " * 4, f"{each.where}: {each.what}" if each.where else each.what
        for detail in each.details[:MAX_DETAILS]:
            yield " " * 8, detail
        if len(each.details) > MAX_DETAILS:
            yield " " * 8, f"and {len(each.details) - MAX_DETAILS} more"
        if each.advice:
            yield " " * 8, each.advice
    if found.undetermined:
        yield " " * 4, f"undetermined: {found.undetermined}"


def _is_torn(folder: Path) -> bool:
    """Return whether a crash left it open: no process writes to it, and it is not closed or has no readable info."""
    if being_written(folder):
        return False
    try:
        return read_info(folder).status == "recording"
    except LidarliveError:
        return True


def _repair(folder: Path) -> str:
    try:
        return repair(folder).done
    except LidarliveError as error:  # repair the others nevertheless
        return str(error)
