"""Decide whether the challenger is better than the champion, as data and in words.

Judged by AbsRel and RMSE in `near`, where the LiDAR is sure and where the window's own figures come from: AbsRel weighs
every error by its distance, so that close things count; RMSE weighs large errors. Better means better in both.
"""

from __future__ import annotations

from typing import Literal

from model.evaluation.bootstrap import BLOCK_NS
from model.report import SAME_WALK, PairedFigures, Verdict

MAIN = {"abs_rel": ("AbsRel", ""), "rmse_m": ("RMSE", " m")}  # title and unit; of both, less is better
FORGOTTEN = 1.25  # times the champion's error on rendered rooms


def decide(
    recordings: PairedFigures, rooms: PairedFigures | None, trained_on_them: bool, same_walk: bool = False
) -> Verdict:
    """Judge the challenger.

    With intervals a figure is better or worse where its interval excludes 0, without them wherever it differs. A
    challenger that was trained on some of the recordings (`trained_on_them`) cannot be better on them. One that was
    trained on other frames of them (`same_walk`) can, but is not recommended: that proves it for this walk alone.
    """
    signs = {name: _sign(recordings, name) for name in MAIN}
    forgotten = rooms is not None and any(_is_forgotten(rooms, name) for name in MAIN)
    verdict: Literal["better", "worse", "undecided"] = "undecided"
    if all(sign == 1 for sign in signs.values()) and not trained_on_them:
        verdict = "better"
    elif -1 in signs.values() and 1 not in signs.values():
        verdict = "worse"
    sentence = _sentence(recordings, verdict, signs, trained_on_them)
    if same_walk:
        sentence = f"{sentence.rstrip('.')} ({SAME_WALK})."
    if rooms is not None and forgotten:
        sentence += f" It has forgotten some of what it knew of rooms: {_figures(rooms)} on rendered ones."
    return Verdict(verdict, verdict == "better" and not same_walk, forgotten, sentence)


def has_interval(data: PairedFigures) -> bool:
    """Whether there was enough data for a confidence interval."""
    return any(data.differences["near"][name].interval is not None for name in MAIN)


def seconds(data: PairedFigures) -> float:
    return data.blocks * BLOCK_NS / 1e9


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
