"""Champion against challenger: versions that are off by so much, on recordings whose depth their pictures give away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture import paths
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.storage import json_codec
from capture.storage.layout import LOG_NAME
from model.config import file_crc32
from model.data.split import open_recordings
from model.evaluation import compare as comparing
from model.evaluation import evaluate as evaluating
from model.evaluation.bootstrap import difference_intervals
from model.evaluation.metrics import Sums
from tests.support.frames import make_frame, write_recording
from tests.support.programs import lidarlive
from tests.support.weights import write_weights

SIZE = (24, 32)  # of depth maps and versions, so that nothing is resized
PACE_NS = 250_000_000


def compare(*given: Any, **named: Any) -> dict[str, Any]:
    """As JSON, which is what the command prints."""
    return json.loads(json_codec.encode(comparing.compare(*given, **named)))


def evaluate(*given: Any) -> dict[str, Any]:
    return json.loads(json_codec.encode(evaluating.evaluate(*given)))


def grey_frame(index: int, seed: int = 0) -> Frame:
    """Four a second. The depth is 1 m + 1 cm a grey level and up to 30 cm of noise, more or less by frame."""
    rng = np.random.default_rng((seed, index))
    grey = rng.integers(0, 200, (4, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    noise_m = rng.uniform(0, 0.3) * rng.standard_normal(grey.shape)
    depth_m = np.clip(1 + grey / 100 + noise_m, 0.3, None).astype(np.float32)
    image = np.repeat(grey[..., None], 3, axis=2)
    return replace(make_frame(index, SIZE, SIZE), image=image, depth_m=depth_m, received_ns=index * PACE_NS)


def record(folder: Path, name: str, frames: int, seed: int = 0) -> Path:
    return write_recording(folder, name, [grey_frame(i, seed) for i in range(frames)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of 6 s each."""
    folder = tmp_path_factory.mktemp("compared")
    for seed, name in enumerate(("kitchen", "garden")):
        record(folder, name, 24, seed)
    return folder


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One that is right but for the noise, and one that is 40 cm too far; without a focal length."""
    folder = tmp_path_factory.mktemp("versions")
    plain: dict[str, Any] = {"size": SIZE, "canonical_focal_px": None}
    return write_weights(folder / "right", 1.0, **plain), write_weights(folder / "far", 1.4, **plain)


@pytest.fixture(scope="module")
def found(data: Path, versions: tuple[Path, Path]) -> dict[str, Any]:
    """The right one challenges the other."""
    return compare(versions[1], versions[0], [data])


def test_the_figures_are_those_of_an_evaluation(found: dict[str, Any], data: Path, versions: tuple[Path, Path]) -> None:
    for side, version in (("champion", versions[1]), ("challenger", versions[0])):
        alone = evaluate([data], version)
        measured = found["recordings"][side]
        assert sorted(measured["recordings"]) == sorted(alone["recordings"])
        for span in ("near", "far"):
            assert measured["all"][span] == pytest.approx(alone["all"][span], rel=1e-9)
            for name in alone["recordings"]:
                assert measured["recordings"][name][span] == pytest.approx(alone["recordings"][name][span], rel=1e-9)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_clearly_better_one_is_recommended(found: dict[str, Any]) -> None:
    for metric in ("abs_rel", "rmse_m"):
        change = found["recordings"]["differences"]["near"][metric]
        low, high = change["interval"]
        assert low < change["difference"] < high < 0
    verdict = found["verdict"]
    assert (verdict["verdict"], verdict["recommended"], verdict["forgotten"]) == ("better", True, False)
    assert verdict["sentence"].startswith("Better: AbsRel 0.")
    assert verdict["sentence"].endswith("more than chance explains.")
    assert (found["recordings"]["blocks"], found["notes"], found["rooms"]) == (24, [], None)


def test_the_other_way_round_it_is_worse(data: Path, versions: tuple[Path, Path]) -> None:
    found = compare(*versions, [data])
    assert (found["verdict"]["verdict"], found["verdict"]["recommended"]) == ("worse", False)
    assert len(found["lost"]) == 3, "every frame got worse"


def test_a_version_does_not_differ_from_itself(data: Path, versions: tuple[Path, Path]) -> None:
    found = compare(versions[0], versions[0], [data])
    for span in ("near", "far"):
        known = [c for c in found["recordings"]["differences"][span].values() if c["difference"] is not None]
        assert len(known) > 10
        assert all(change == {"difference": 0, "interval": [0, 0]} for change in known)
    assert found["verdict"]["verdict"] == "undecided"
    assert found["verdict"]["sentence"].startswith("No difference: ")
    assert found["lost"] == []
    assert len(found["worst"]) == 3


def test_what_may_be_chance_is_not_recommended(tmp_path: Path, data: Path, versions: tuple[Path, Path]) -> None:
    hardly = write_weights(tmp_path / "hardly", 1.0005, size=SIZE, canonical_focal_px=None)
    found = compare(hardly, versions[0], [data])
    low, high = found["recordings"]["differences"]["near"]["rmse_m"]["interval"]
    assert low < 0 < high
    assert not found["verdict"]["recommended"]
    assert found["verdict"]["sentence"].startswith("Not known to be better: ")
    assert "RMSE may be chance" in found["verdict"]["sentence"]


def noisy_blocks(count: int, offset: float) -> list[Sums]:
    blocks = []
    for i in range(count):
        rng = np.random.default_rng(i)
        depth = rng.uniform(1, 3, (8, 8)).astype(np.float32)
        block = Sums()
        block.add((depth + offset + rng.normal(0, 0.3)).astype(np.float32), depth, depth > 0)
        blocks.append(block)
    return blocks


def test_an_interval_narrows_with_more_data() -> None:
    widths = []
    for count in (20, 80, 320):
        low, high = difference_intervals(noisy_blocks(count, 0.1), noisy_blocks(count, 0.0))["rmse_m"]
        widths.append(high - low)
    assert widths[0] > 1.5 * widths[1] > 2 * widths[2]


def test_under_ten_seconds_there_is_no_interval() -> None:
    assert difference_intervals(noisy_blocks(19, 0.1), noisy_blocks(19, 0.0)) == {}
    blind = [*noisy_blocks(19, 0.1), Sums()]
    assert difference_intervals(blind, blind) == {}
    assert set(difference_intervals(noisy_blocks(20, 0.1), noisy_blocks(20, 0.0))) >= {"rmse_m", "delta1", "silog"}


def test_little_data_is_said_in_words(tmp_path: Path, versions: tuple[Path, Path]) -> None:
    found = compare(versions[1], versions[0], [record(tmp_path, "short", 12)])
    intervals = [c["interval"] for spans in found["recordings"]["differences"].values() for c in spans.values()]
    assert set(intervals) == {None}
    assert any("Under 10 s of data" in note for note in found["notes"])
    assert found["verdict"]["recommended"], "both figures are better"
    assert found["verdict"]["sentence"].endswith("on 3.0 s of data only.")


def test_distances_are_told_apart(found: dict[str, Any]) -> None:
    metres = found["recordings"]["by_metre"]
    assert [metre["from_m"] for metre in metres][:3] == [0, 1, 2]
    assert sum(metre["share"] for metre in metres) == pytest.approx(1)
    for side in ("champion", "challenger"):
        together = sum(metre["share"] * metre[side]["rmse_m"] ** 2 for metre in metres) ** 0.5
        assert together == pytest.approx(found["recordings"][side]["all"]["far"]["rmse_m"])
        relative = sum(metre["share"] * metre[side]["abs_rel"] for metre in metres)
        assert relative == pytest.approx(found["recordings"][side]["all"]["far"]["abs_rel"])


def test_the_worst_frames_are_the_worst(found: dict[str, Any], data: Path, versions: tuple[Path, Path]) -> None:
    """Measured again, each frame as a recording of its own."""
    rmse_m = {}
    for number, recording in enumerate(open_recordings([data])):
        for i in range(len(recording)):
            alone = write_recording(data.parent / f"alone-{number}-{i}", "one", [recording[i]])
            rmse_m[str(recording.path), i] = evaluate([alone], versions[0])["all"]["near"]["rmse_m"]
    worst = [(shot["recording"], shot["index"]) for shot in found["worst"]]
    assert worst[0] == max(rmse_m, key=lambda key: rmse_m[key])
    blocks = [(path, i // 2) for path, i in worst]
    assert len(set(blocks)) == 3, "not one moment three times"
    least = min(rmse_m[key] for key in worst)
    assert all(value <= least or (path, i // 2) in blocks for (path, i), value in rmse_m.items())
    assert [shot["challenger_rmse_m"] for shot in found["worst"]] == pytest.approx(
        [rmse_m[key] for key in worst], rel=0.02
    )


def seen(recording: Path, held_out: bool) -> dict[str, Any]:
    return {"name": recording.name, "frames": 1, "crc32": file_crc32(recording / LOG_NAME), "held_out": held_out}


@pytest.mark.parametrize("through_parent", [False, True])
def test_what_was_trained_on_is_no_proof(
    tmp_path: Path, data: Path, versions: tuple[Path, Path], through_parent: bool
) -> None:
    kitchen, garden = sorted(data.iterdir(), key=lambda path: path.name.endswith("garden"))
    known = {"size": SIZE, "canonical_focal_px": None, "data": [seen(kitchen, False), seen(garden, True)]}
    version = write_weights(paths.weights_folder() / "first", 1.0, **known)
    if through_parent:
        further = {**known, "data": [], "parent": "first", "train": {"continue_from": str(tmp_path / "moved")}}
        version = write_weights(tmp_path / "second", 1.0, **further)
    found = compare(versions[1], version, [data])
    assert found["notes"] == [f"The challenger was trained on {kitchen.name}, and looks better there than it is"]
    assert (found["verdict"]["verdict"], found["verdict"]["recommended"]) == ("undecided", False)
    assert "trained on what it was measured on" in found["verdict"]["sentence"]
    assert compare(versions[1], version, [garden])["verdict"]["recommended"]
    back = compare(version, versions[1], [kitchen])
    assert any(note.startswith("The champion was trained on") for note in back["notes"])


def test_parents_that_are_gone_are_named(tmp_path: Path, data: Path, versions: tuple[Path, Path]) -> None:
    orphan = write_weights(tmp_path / "orphan", 1.0, size=SIZE, canonical_focal_px=None, parent="lost")
    assert compare(versions[1], orphan, [data])["notes"] == [
        "The challenger continued from lost, which is gone: what that was trained on is unknown"
    ]


def test_forgetting_is_named(tmp_path: Path, data: Path) -> None:
    """The challenger is right on the recordings, and 1 m off in the rooms."""
    plain: dict[str, Any] = {"size": SIZE, "canonical_focal_px": None}
    before, after = write_weights(tmp_path / "before", 1.9, **plain), write_weights(tmp_path / "after", 1.0, **plain)
    moved = [replace(grey_frame(i, 7), depth_m=grey_frame(i, 7).depth_m + np.float32(1)) for i in range(8)]
    rooms = open_recordings([write_recording(tmp_path / "rooms", "room", moved)])
    told: list[tuple[int, int]] = []
    found = compare(before, after, [data], lambda *counts: told.append(counts), rooms=rooms)
    assert told == [(done, 56) for done in range(1, 57)]
    assert found["rooms"] is not None
    assert found["rooms"]["challenger"]["all"]["near"]["rmse_m"] == pytest.approx(1, abs=0.1)
    assert (found["verdict"]["recommended"], found["verdict"]["forgotten"]) == (True, True)
    assert "It has forgotten some of what it knew of rooms: AbsRel 0." in found["verdict"]["sentence"]
    assert not compare(after, before, [data], rooms=rooms)["verdict"]["forgotten"]


def test_versions_of_other_sizes_are_compared_and_it_is_said(
    tmp_path: Path, data: Path, versions: tuple[Path, Path]
) -> None:
    larger = write_weights(tmp_path / "larger", 1.0, size=(48, 64), canonical_focal_px=None)
    found = compare(versions[1], larger, [data])
    assert found["verdict"]["recommended"]
    assert found["notes"] == ["They predict at 24x32 and 48x64: their edges and boundaries cannot be compared"]


def test_nothing_that_counts_is_nothing_to_compare(tmp_path: Path, versions: tuple[Path, Path]) -> None:
    unsure = replace(grey_frame(0), confidence=np.zeros(SIZE[::-1], np.uint8))
    found = compare(*versions, [write_recording(tmp_path, "unsure", [unsure])])
    assert found["verdict"]["sentence"].startswith("Nothing to compare")
    assert not found["verdict"]["recommended"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_limit_of_frames_takes_pairs_of_each_recording(data: Path, versions: tuple[Path, Path]) -> None:
    found = compare(*versions, [data], most_frames=8)
    assert found["champion"] == str(versions[0])
    assert found["recordings"]["champion"]["all"]["near"]["frames"] == 16
    assert 8 <= found["recordings"]["blocks"] <= 16
    empty = write_recording(data.parent / "empty", "empty", [grey_frame(0)])
    (empty / LOG_NAME).write_bytes(b"")
    with pytest.raises(LidarliveError, match="no frames to compare on"):
        compare(*versions, [empty])


def test_the_command(data: Path, versions: tuple[Path, Path]) -> None:
    far, right = versions[1], versions[0]
    shown = lidarlive("weights", "compare", far, right, data, "--no-rooms", COLUMNS="100")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[:2] == [f"champion    {far}", f"challenger  {right}"]
    assert "edge_f1" in shown.stdout
    assert "Better: AbsRel" in shown.stdout.splitlines()[-1] + shown.stdout.splitlines()[-2]
    document = json.loads(lidarlive("weights", "compare", far, right, data, "--no-rooms", "--json").stdout)
    assert document["verdict"]["verdict"] == "better"
    assert document["rooms"] is None
