"""Decide whether the challenger is better than the champion, as data and in words.

Judged by AbsRel and RMSE in `near`, where the LiDAR is sure and where the window's own figures come from: AbsRel weighs
every error by its distance, so that close things count; RMSE weighs large errors. Better means better in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage.layout import LOG_NAME
from model import store
from model.config import VersionConfig, file_crc32
from model.evaluation.bootstrap import BLOCK_NS
from model.report import PairedFigures, Verdict

MAIN = {"abs_rel": ("AbsRel", ""), "rmse_m": ("RMSE", " m")}  # title and unit; of both, less is better
FORGOTTEN = 1.25  # times the champion's error on rendered rooms


def decide(recordings: PairedFigures, rooms: PairedFigures | None, trained_on_them: bool) -> Verdict:
    """Judge the challenger.

    With intervals a figure is better or worse where its interval excludes 0, without them wherever it differs. A
    challenger that was trained on some of the recordings (`trained_on_them`) cannot be better on them.
    """
    signs = {name: _sign(recordings, name) for name in MAIN}
    forgotten = rooms is not None and any(_is_forgotten(rooms, name) for name in MAIN)
    verdict: Literal["better", "worse", "undecided"] = "undecided"
    if all(sign == 1 for sign in signs.values()) and not trained_on_them:
        verdict = "better"
    elif -1 in signs.values() and 1 not in signs.values():
        verdict = "worse"
    sentence = _sentence(recordings, verdict, signs, trained_on_them)
    if rooms is not None and forgotten:
        sentence += f" It has forgotten some of what it knew of rooms: {_figures(rooms)} on rendered ones."
    return Verdict(verdict, verdict == "better", forgotten, sentence)


def has_interval(data: PairedFigures) -> bool:
    """Whether there was enough data for a confidence interval."""
    return any(data.differences["near"][name].interval is not None for name in MAIN)


def seconds(data: PairedFigures) -> float:
    return data.blocks * BLOCK_NS / 1e9


def trained_on(version: Path, recordings: Sequence[Recording]) -> tuple[list[Recording], list[str]]:
    """Those of the recordings that the version or one of its ancestors was trained on.

    And the names of ancestors that are gone, so that what they were trained on is unknown.
    """
    trained: set[str] = set()
    gone: list[str] = []
    for config in _lineage(version, gone):
        trained |= {entry.crc32 for entry in config.data if not entry.held_out}
    return [recording for recording in recordings if file_crc32(recording.path / LOG_NAME) in trained], gone


def _lineage(version: Path, gone: list[str]) -> Iterator[VersionConfig]:
    """The version, its parent, and so on; appends the name of a parent that is gone to `gone`."""
    visited = set()
    while version.resolve() not in visited:
        visited.add(version.resolve())
        config = VersionConfig.read(version)
        yield config
        if config.parent is None:
            return
        continued_from = config.train.get("continue_from")
        parent = _find(continued_from if isinstance(continued_from, str) else None, config.parent)
        if parent is None:
            gone.append(config.parent)
            return
        version = parent


def _find(*names: str | None) -> Path | None:
    for version in filter(None, names):
        try:
            return store.find(version)
        except LidarliveError:  # moved, or deleted
            continue
    return None


def _sign(data: PairedFigures, name: str) -> int:
    """1 where the challenger is better, -1 where it is worse, 0 where neither is certain."""
    change = data.differences["near"][name]
    if change.difference is None:
        return 0
    low, high = change.interval or (change.difference, change.difference)
    return 1 if high < 0 else -1 if low > 0 else 0


def _is_forgotten(rooms: PairedFigures, name: str) -> bool:
    before, after = (side.all["near"][name] for side in (rooms.champion, rooms.challenger))
    return before is not None and after is not None and after > FORGOTTEN * before


def _figures(data: PairedFigures) -> str:
    before, after = data.champion.all["near"], data.challenger.all["near"]
    return ", ".join(f"{called} {before[k]:.3f} → {after[k]:.3f}{unit}" for k, (called, unit) in MAIN.items())


def _sentence(data: PairedFigures, verdict: str, signs: dict[str, int], trained_on_them: bool) -> str:
    differences = [data.differences["near"][name].difference for name in MAIN]
    if None in differences:
        return "Nothing to compare: no confident reading from 0.2 to 5 m."
    figures = _figures(data)
    if not any(differences):
        return f"No difference: {figures}."
    if verdict == "undecided":
        if trained_on_them:
            return f"Not known to be better: {figures}, but the challenger was trained on what it was measured on."
        if {*signs.values()} == {-1, 1}:
            return f"Neither better nor worse: {figures}."
        unsure = " and ".join(called for name, (called, _) in MAIN.items() if signs[name] == 0)
        return f"Not known to be better: {figures}, and the change in {unsure} may be chance."
    certain = "more than chance explains" if has_interval(data) else f"on {seconds(data):.1f} s of data only"
    return f"{verdict.capitalize()}: {figures}, {certain}."
