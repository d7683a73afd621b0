"""Check a training before it starts: what makes it fail or weakens its result. No Keras here.

Of long recordings a few frames are read, evenly spread; only the search for frames on both sides of the split reads the
whole logs, as the trainer will.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from capture.errors import LidarliveError
from capture.recording import Recording
from model.config import INPUT_SIZE, TrainConfig
from model.data import targets
from model.data.batches import FrameRef, spread
from model.data.split import LeakError, Split, label, last_fifth_of, open_recordings, split
from model.data.thinning import LEAST_KEPT, distinct
from model.preset_facts import DEFAULT_PRESET, facts_of
from model.presets.memory import check_memory
from model.training.resolve import resolve

CHECKED_FRAMES = 40  # of each recording: takes a tenth of a second or two
LEAST_FRAMES = 8  # one step's batch: with fewer every step trains on the same frames
LEAST_DISTINCT = LEAST_KEPT  # of those checked: the trainer fills up to as many with near-duplicates


@dataclass(frozen=True)
class PreflightFinding:
    """`problem`: the training cannot succeed. `warning`: its result will be worth less.

    `unjudged`: for it the result is not judged on another walk, which `remedies` may help.
    """

    level: Literal["problem", "warning"]
    text: str  # a sentence that ends in what to do, without a full stop
    unjudged: bool = False


@dataclass(frozen=True)
class Remedies:
    """Folders of recordings that the result can be judged by: wholly, or on the last fifth; None where there is none.

    `last_fifth` is the second choice: it is named where no whole recording can be held out.
    """

    hold_out: Path | None = None
    last_fifth: Path | None = None


def preflight(config: TrainConfig) -> list[PreflightFinding]:
    """Findings about a training, problems first. May block on the disk, for a second or two."""
    try:
        config, _ = resolve(config)
        parts = split(open_recordings(config.data), config.held_out, config.last_fifth)
        findings = [*_frames(parts), *_depth(parts), *_validation(parts), *_resources(config)]
    except LidarliveError as error:
        return [PreflightFinding("problem", str(error), unjudged=isinstance(error, LeakError))]
    return sorted(findings, key=lambda each: each.level)


def remedies(config: TrainConfig) -> Remedies:
    """Other ways to judge the training's result by the same recordings. May block on the disk, for a second or two."""
    try:
        recordings = open_recordings(config.data)
        if held_out := split(recordings, None).held_out:
            return Remedies(hold_out=held_out[0].path)
        fifth = last_fifth_of(recordings)
    except LidarliveError:  # the preflight reports it
        return Remedies()
    return Remedies(last_fifth=None if fifth is None else fifth.path)


def _frames(parts: Split) -> Iterator[PreflightFinding]:
    frames = len(parts.train_frames)
    differing = sum(len(distinct(spread(each, CHECKED_FRAMES))) for each in _by_recording(parts.train_frames))
    if frames < LEAST_FRAMES:
        yield PreflightFinding(
            "problem",
            f"There are too few frames to train on: {frames}, and one step takes {LEAST_FRAMES}. "
            "Record some seconds more, walking through the room",
        )
    elif differing < LEAST_DISTINCT:
        yield PreflightFinding(
            "warning",
            f"The frames to train on look nearly all alike: of {frames}, about {differing} differ. "
            "Record again and walk through the room, or the networks learn little",
        )


def _depth(parts: Split) -> Iterator[PreflightFinding]:
    what_to_do = "Record again within 5 m of the scene"
    for frames, therefore in (
        (parts.train_frames, "the networks cannot learn from it"),
        (parts.held_out_frames, "it cannot validate the result"),
    ):
        of_each = _by_recording(frames)
        recordings: list[Recording] = [each[0].recording for each in of_each]
        blind = [each[0].recording for each in of_each if not _has_depth(each)]
        names = ", ".join(label(recording, recordings) for recording in blind)
        if blind:
            level: Literal["problem", "warning"] = "problem" if len(blind) == len(recordings) else "warning"
            yield PreflightFinding(level, f"{names} has no depth with confidence, so {therefore}. {what_to_do}")


def _by_recording(frames: Sequence[FrameRef]) -> list[list[FrameRef]]:
    runs: dict[Path, list[FrameRef]] = {}
    for ref in frames:
        runs.setdefault(ref.recording.path, []).append(ref)
    return list(runs.values())


def _has_depth(frames: Sequence[FrameRef]) -> bool:
    """Whether any of the checked frames has a reading that counts."""
    for ref in spread(frames, CHECKED_FRAMES):
        line = ref.recording.line(ref.index)
        if targets.weights(ref.recording.depth_m(line), ref.recording.confidence(line)).any():
            return True
    return False


def _validation(parts: Split) -> Iterator[PreflightFinding]:
    if parts.divided is not None:
        trained, judged = len(parts.divided.train), len(parts.divided.held_out)
        yield PreflightFinding(
            "warning",
            f"{parts.notes[0]}: {trained} frames are trained on, {judged} judged on, {parts.divided.left_out} between "
            "left out. To know more, record a second one and walk elsewhere",
            unjudged=True,
        )
    elif not parts.held_out:
        why = "There is only one recording" if len(parts.train) == 1 else "No recording is held out"
        remarks = "".join(f". {note}" for note in parts.notes)
        yield PreflightFinding(
            "warning",
            f"{why}, so the result cannot be validated: record one more to hold out, or train for a fixed number of "
            f"epochs without validation{remarks}",
            unjudged=True,
        )
    else:
        for note in parts.notes:
            yield PreflightFinding("warning", f"{note}. To know more, hold out a recording of another room")


def _resources(config: TrainConfig) -> Iterator[PreflightFinding]:
    preset, size = config.preset or DEFAULT_PRESET, config.size or INPUT_SIZE
    folder = next(each for each in Path(config.out).absolute().parents if each.is_dir())
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise LidarliveError(f"{folder} cannot be written ({error.strerror or error})") from None
    needed = facts_of(preset).disk_bytes
    if free < needed:
        yield PreflightFinding(
            "problem",
            f"The disk of {folder} has {free / 1e6:.0f} MB free, and a training writes up to "
            f"{needed / 1e6:.0f} MB. Free some space there",
        )
    try:
        check_memory(preset, size, config.recipe.batch)
    except LidarliveError as error:
        yield PreflightFinding("problem", str(error))
