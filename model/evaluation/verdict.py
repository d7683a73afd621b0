"""Whether the challenger is better than the champion, as data and in words; and whether the comparison is a fair one.

Judged by AbsRel and RMSE in `near`, where the LiDAR is sure and where the window's own figures come from: AbsRel weighs
every error by its distance, so that close things count, RMSE weighs large errors. Better is who is better in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypedDict

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage.layout import LOG_NAME
from model import store
from model.config import VersionConfig, file_crc32
from model.evaluation.bootstrap import BLOCK_NS
from model.evaluation.paired_sums import DataSet

MAIN = {"abs_rel": ("AbsRel", ""), "rmse_m": ("RMSE", " m")}  # what it is called, its unit; of both, less is better
FORGOTTEN = 1.25  # times the champion's error, on what is not the person's own


class Verdict(TypedDict):
    """`recommended` exactly where it is "better"; `forgotten`: worse by more than a quarter on the rendered rooms."""

    verdict: Literal["better", "worse", "undecided"]
    recommended: bool
    forgotten: bool
    sentence: str


def decide(recordings: DataSet, rooms: DataSet | None, knew_them: bool) -> Verdict:
    """The verdict on the challenger.

    With intervals a figure is better or worse where its interval excludes 0, without them wherever it differs. A
    challenger that was trained on some of the recordings (`knew_them`) is not found better on them.
    """
    signs = {name: _sign(recordings, name) for name in MAIN}
    forgotten = rooms is not None and any(_is_forgotten(rooms, name) for name in MAIN)
    found: Literal["better", "worse", "undecided"] = "undecided"
    if all(sign == 1 for sign in signs.values()) and not knew_them:
        found = "better"
    elif -1 in signs.values() and 1 not in signs.values():
        found = "worse"
    sentence = _sentence(recordings, found, signs, knew_them)
    if rooms is not None and forgotten:
        sentence += f" It has forgotten some of what it knew of rooms: {_figures(rooms)} on rendered ones."
    return {"verdict": found, "recommended": found == "better", "forgotten": forgotten, "sentence": sentence}


def has_interval(data: DataSet) -> bool:
    return any(data["differences"]["near"][name]["interval"] is not None for name in MAIN)


def seconds(data: DataSet) -> float:
    return data["blocks"] * BLOCK_NS / 1e9


def trained_on(version: Path, recordings: Sequence[Recording]) -> tuple[list[Recording], list[str]]:
    """Those of the recordings that the version, or one that it went on from, was trained on.

    And the names of those it went on from that are gone, so that nobody knows what they were trained on.
    """
    known: set[str] = set()
    gone: list[str] = []
    for config in _lineage(version, gone):
        known |= {entry["crc32"] for entry in config.data if not entry["held_out"]}
    return [recording for recording in recordings if file_crc32(recording.path / LOG_NAME) in known], gone


def _lineage(version: Path, gone: list[str]) -> Iterator[VersionConfig]:
    """The version, the one it went on from, and so on; where that is gone its name goes to `gone`."""
    visited = set()
    while version.resolve() not in visited:
        visited.add(version.resolve())
        config = VersionConfig.read(version)
        yield config
        if config.parent is None:
            return
        found = _found(config.train.get("continue_from"), config.parent)
        if found is None:
            gone.append(config.parent)
            return
        version = found


def _found(*named: str | None) -> Path | None:
    for version in filter(None, named):
        try:
            return store.find(version)
        except LidarliveError:  # moved, or deleted
            continue
    return None


def _sign(data: DataSet, name: str) -> int:
    """1 where the challenger is better, -1 where it is worse, 0 where that is not known."""
    found = data["differences"]["near"][name]
    difference = found["difference"]
    if difference is None:
        return 0
    low, high = found["interval"] or (difference, difference)
    return 1 if high < 0 else -1 if low > 0 else 0


def _is_forgotten(rooms: DataSet, name: str) -> bool:
    before, after = (rooms[side]["all"]["near"][name] for side in ("champion", "challenger"))
    return before is not None and after is not None and after > FORGOTTEN * before


def _figures(data: DataSet) -> str:
    before, after = data["champion"]["all"]["near"], data["challenger"]["all"]["near"]
    return ", ".join(f"{called} {before[k]:.3f} → {after[k]:.3f}{unit}" for k, (called, unit) in MAIN.items())


def _sentence(data: DataSet, found: str, signs: dict[str, int], knew_them: bool) -> str:
    differences = [data["differences"]["near"][name]["difference"] for name in MAIN]
    if None in differences:
        return "Nothing to compare: no confident reading from 0.2 to 5 m."
    figures = _figures(data)
    if not any(differences):
        return f"No difference: {figures}."
    if found == "undecided":
        if knew_them:
            return f"Not known to be better: {figures}, but the challenger was trained on what it was measured on."
        if {*signs.values()} == {-1, 1}:
            return f"Neither better nor worse: {figures}."
        unsure = " and ".join(called for name, (called, _) in MAIN.items() if signs[name] == 0)
        return f"Not known to be better: {figures}, and the change in {unsure} may be chance."
    certain = "more than chance explains" if has_interval(data) else f"on {seconds(data):.1f} s of data only"
    return f"{found.capitalize()}: {figures}, {certain}."
