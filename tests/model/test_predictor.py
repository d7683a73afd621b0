"""The predictor and the evaluation on a version that was really trained; and folders that are none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Intrinsics
from model.config import OPENVINO_NAMES
from model.evaluation.evaluate import evaluate
from model.evaluation.metrics import RANGES, Sums, report
from model.predictor import Predictor
from tests.support.scenes import Training, scene_frame, scene_recording


@pytest.fixture(scope="module")
def weights(trained: Training) -> Path:
    return Path(trained.config.out)


@pytest.fixture(scope="module")
def predictor(weights: Path) -> Predictor:
    return Predictor(weights, threads=1)


def test_a_prediction_has_the_network_size_and_the_frames_number(predictor: Predictor):
    for landscape, shape in ((False, (96, 64)), (True, (64, 96)), (False, (96, 64))):
        prediction = predictor(scene_frame(3, landscape=landscape).rgb, frame_index=3)
        assert prediction.frame_index == 3
        assert (prediction.depth_m.shape, prediction.depth_m.dtype) == (shape, np.float32)
        assert (prediction.edges.shape, prediction.edges.dtype) == (shape, np.float32)
        assert (prediction.depth_m > 0).all()
        assert prediction.seconds > 0


def test_depth_grows_with_the_focal_length_and_not_with_the_pictures_size(predictor: Predictor):
    rgb = scene_frame(0).rgb
    camera = Intrinsics(300.0, 300.0, 48.0, 64.0)
    near = predictor(rgb, camera).depth_m
    assert np.allclose(predictor(rgb, replace(camera, fx=600.0)).depth_m, 2 * near, rtol=1e-5)
    assert np.allclose(predictor(rgb).depth_m * (300 * 64 / 96 / 200), near, rtol=1e-5)
    large = np.repeat(np.repeat(rgb, 2, axis=0), 2, axis=1)
    doubled = predictor(large, Intrinsics(600.0, 600.0, 96.0, 128.0)).depth_m
    assert np.median(np.abs(doubled / near - 1)) < 0.02


def test_a_preset_that_knows_no_focal_length_gives_the_same_depth_for_each(weights: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(weights, folder)
    document = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**document, "preset": "original", "canonical_focal_px": None}))
    rgb, predictor = scene_frame(0).rgb, Predictor(folder, threads=1)
    depths = [predictor(rgb, Intrinsics(fx, fx, 48.0, 64.0)).depth_m for fx in (300.0, 600.0)]
    assert np.array_equal(*depths)
    assert np.array_equal(depths[0], predictor(rgb).depth_m)
    assert evaluate([scene_recording(tmp_path / "data", "a", 2)], folder).all["far"]["frames"] == 2


def test_a_prediction_outlives_the_next(predictor: Predictor):
    first = predictor(scene_frame(0).rgb)
    kept = first.depth_m.copy(), first.edges.copy()
    predictor(scene_frame(1, seed=9).rgb)
    assert np.array_equal(first.depth_m, kept[0])
    assert np.array_equal(first.edges, kept[1])


@pytest.mark.parametrize(
    "rgb", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), "u1")]
)
def test_what_is_no_picture_is_refused(predictor: Predictor, rgb: np.ndarray):
    with pytest.raises(ValueError, match=r"rgb must be uint8 .* Received: .*\("):
        predictor(rgb)


@pytest.mark.parametrize("name", ["config.json", *OPENVINO_NAMES])
def test_a_missing_or_torn_file_is_one_clear_error(weights: Path, tmp_path: Path, name: str):
    folder = tmp_path / "copy"
    shutil.copytree(weights, folder)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(LidarliveError, match=name):
        Predictor(folder)
    (folder / name).unlink()
    with pytest.raises(LidarliveError, match=name):
        Predictor(folder)


def test_a_foreign_folder_is_one_clear_error(tmp_path: Path):
    with pytest.raises(LidarliveError, match="is not a weights version"):
        Predictor(tmp_path)
    with pytest.raises(LidarliveError, match="is not a weights version"):
        Predictor(tmp_path / "nothing")
    (tmp_path / "config.json").write_text('{"model_type": "other"}')
    with pytest.raises(LidarliveError, match=r"config\.json"):
        Predictor(tmp_path)


def test_evaluate_measures_each_recording_and_all(weights: Path, predictor: Predictor, tmp_path: Path):
    scene_recording(tmp_path, "a", 3, seed=1)
    scene_recording(tmp_path, "b", 2, seed=2, landscape=True)
    seen: list[tuple[int, int]] = []
    measured = evaluate([tmp_path], weights, lambda done, total: seen.append((done, total)))
    assert seen == [(i, 5) for i in range(1, 6)]
    assert [name.split("_")[1] for name in measured.recordings] == ["a", "b"]
    assert measured.all["near"]["frames"] == 5
    assert measured.all["near"]["flicker"] is not None
    json.dumps(asdict(measured), allow_nan=False)

    from model.data.split import open_recordings
    from model.data.targets import resize_depth

    sums = {name: Sums() for name in RANGES}
    for recording in open_recordings([tmp_path])[:1]:
        for frame in recording:
            depth = resize_depth(frame.depth_m, (64, 96))
            for name, limits in RANGES.items():
                sums[name].add(predictor(frame.rgb, frame.intrinsics).depth_m, depth, limits.mask(depth, None))
    a = next(iter(measured.recordings.values()))
    for name, expected in report(sums).items():
        for measure in set(expected) - {"flicker"}:
            assert a[name][measure] == pytest.approx(expected[measure], rel=1e-4), measure


def test_evaluate_can_look_at_fewer_frames(weights: Path, tmp_path: Path):
    folder = scene_recording(tmp_path, "long", 9)
    measured = evaluate([folder], weights, most_frames=4)
    assert measured.all["far"]["frames"] == 4
    assert measured.all["far"]["flicker"] is not None


def test_nothing_that_the_window_uses_imports_tensorflow():
    code = """
import sys
import model.predictor, model.store, model.config, model.evaluation.evaluate, model.train
print({"tensorflow", "keras"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_real_recording_can_be_evaluated(weights: Path, real_data: Path, tmp_path: Path):
    from capture.formats.base import ImportOptions
    from capture.formats.importing import import_path

    import_path(real_data / "door.r3d", tmp_path, ImportOptions(), lambda done, total: None)
    measured = evaluate([tmp_path], weights, most_frames=4)
    assert measured.all["near"]["frames"] == 4
    assert measured.all["near"]["abs_rel"] > 0
