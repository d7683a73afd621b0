"""What a version was trained on: whole recordings, or one but its last fifth; by itself or through its parents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from capture import paths
from capture.storage.layout import LOG_NAME
from model.config import file_crc32
from model.data.split import open_recordings
from model.evaluation.lineage import seen_by
from tests.support.scenes import walked_recording
from tests.support.weights import write_weights

LABEL = "same walk: flatters the result"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return walked_recording(tmp_path_factory.mktemp("lineage"), "walk")


def version(folder: Path, walk: Path, last_fifth_from: int | None = None, **more: Any) -> Path:
    """A version that was trained on the walk, wholly or up to its last fifth."""
    entry = {"name": walk.name, "frames": 50, "crc32": file_crc32(walk / LOG_NAME), "held_out": False}
    if last_fifth_from is not None:
        entry["last_fifth_from"] = last_fifth_from
    return write_weights(folder, 1.0, size=(24, 32), canonical_focal_px=None, data=[entry], **more)


def test_frames_of_the_last_fifth_are_of_the_same_walk_and_earlier_ones_were_trained_on(
    tmp_path: Path, walk: Path
) -> None:
    divided, recordings = version(tmp_path / "divided", walk, 40), open_recordings([walk])
    seen = seen_by(divided, recordings, from_frame=40)
    assert (len(seen.trained), len(seen.same_walk)) == (0, 1)
    assert seen.notes("It") == [f"It was trained on other frames of {walk.name} ({LABEL})"]
    for first in (0, 39):
        seen = seen_by(divided, recordings, first)
        assert (len(seen.trained), len(seen.same_walk)) == (1, 0)
        assert seen.notes("It") == [f"It was trained on {walk.name}, and looks better there than it is"]


def test_what_was_trained_on_whole_was_trained_on_in_its_last_fifth(tmp_path: Path, walk: Path) -> None:
    seen = seen_by(version(tmp_path / "whole", walk), open_recordings([walk]), from_frame=40)
    assert (len(seen.trained), len(seen.same_walk)) == (1, 0)


def test_a_parent_may_have_seen_the_last_fifth(tmp_path: Path, walk: Path) -> None:
    version(paths.weights_folder() / "whole", walk)
    child = version(tmp_path / "divided", walk, 40, parent="whole")
    assert len(seen_by(child, open_recordings([walk]), from_frame=40).trained) == 1


def test_another_recording_was_not_seen(tmp_path: Path, walk: Path) -> None:
    other = open_recordings([walked_recording(tmp_path / "other", "other", 3, seed=7)])
    seen = seen_by(version(tmp_path / "divided", walk, 40), other)
    assert (seen.trained, seen.same_walk, seen.notes("It")) == ((), (), [])
