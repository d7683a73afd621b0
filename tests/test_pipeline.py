"""Recordings to batches: the split, the plan of an epoch, geometry under augmentation."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from capture.frame import CaptureError
from model import pipeline
from model.pipeline import FrameRef, Sampling
from tests.frames import write_recording
from tests.scenes import scene_frame, scene_recording

SAMPLING = Sampling(size=(64, 96), canonical_focal_px=200.0, zoom=1.5)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    for seed, name in enumerate(("a", "b", "c")):
        scene_recording(folder, name, 6, seed=seed, landscape=name == "b")
    return folder


def names(recordings: tuple[pipeline.Recording, ...]) -> list[str]:
    return [recording.info.name for recording in recordings]


def test_the_newest_recording_is_held_out(dataset: Path):
    parts = pipeline.split(pipeline.open_recordings([dataset]), None)
    assert (names(parts.train), names(parts.held_out)) == (["a", "b"], ["c"])


def test_one_recording_is_trained_on_and_nothing_held_out(tmp_path: Path):
    folder = scene_recording(tmp_path, "alone", 3)
    parts = pipeline.split(pipeline.open_recordings([folder]), None)
    assert (names(parts.train), parts.held_out) == (["alone"], ())


def test_recordings_are_held_out_by_name_folder_or_path(dataset: Path):
    recordings = pipeline.open_recordings([dataset])
    folder = recordings[0].path
    for name in ("a", folder.name, str(folder)):
        assert names(pipeline.split(recordings, [name]).held_out) == ["a"]
    assert pipeline.split(recordings, ()).held_out == ()


def test_an_unknown_or_all_embracing_held_out_is_refused(dataset: Path):
    recordings = pipeline.open_recordings([dataset])
    with pytest.raises(CaptureError, match=r"No recording is called z.*There are: .*_a"):
        pipeline.split(recordings, ["z"])
    with pytest.raises(CaptureError, match="nothing is left to train on"):
        pipeline.split(recordings, ["a", "b", "c"])


def test_a_recording_named_twice_is_opened_once(dataset: Path):
    first = pipeline.open_recordings([dataset])[0].path
    assert len(pipeline.open_recordings([dataset, first, first / ".." / first.name])) == 3


def test_a_copy_on_the_other_side_of_the_split_is_refused(dataset: Path, tmp_path: Path):
    original = pipeline.open_recordings([dataset])[0].path
    shutil.copytree(original, tmp_path / "2030-01-01T00-00-00Z_copy")
    recordings = pipeline.open_recordings([original, tmp_path])
    with pytest.raises(CaptureError, match=r"6 frames of the held-out .*copy stand in .*_a too"):
        pipeline.split(recordings, ["2030-01-01T00-00-00Z_copy"])
    assert pipeline.split(recordings, None).held_out == ()


def test_a_part_of_a_recording_on_the_other_side_is_refused(tmp_path: Path):
    scenes = [scene_frame(i) for i in range(4)]
    write_recording(tmp_path, "whole", scenes)
    write_recording(tmp_path, "part", [*scenes[2:], scene_frame(9)])
    with pytest.raises(CaptureError, match="2 frames"):
        pipeline.split(pipeline.open_recordings([tmp_path]), ["part"])


def test_an_epoch_draws_every_frame_once_in_full_batches_of_one_orientation(dataset: Path):
    frames = pipeline.frames_of(pipeline.open_recordings([dataset]))
    planned = pipeline.plan_epoch(frames, 4, 100, 0.0, np.random.default_rng(0))
    assert {len(batch) for batch in planned} == {4}
    for batch in planned:
        assert len({SAMPLING.size_of(ref.recording) for ref in batch}) == 1
    drawn = [(ref.recording.path, ref.index) for batch in planned for ref in batch]
    assert set(drawn) == {(ref.recording.path, ref.index) for ref in frames}
    assert len(drawn) == 12 + 8  # 12 portrait frames, 6 landscape ones filled up to 8
    assert len(pipeline.plan_epoch(frames, 4, 8, 0.0, np.random.default_rng(0))) <= 3


def test_batches_are_the_same_for_the_same_seed_and_others_for_another(dataset: Path):
    refs = [pipeline.frames_of(pipeline.open_recordings([dataset]))[:4]]
    first, again, other = (next(pipeline.load(refs, SAMPLING, seed)) for seed in ((1, 2), (1, 2), (1, 3)))
    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.depth, again.depth)
    assert not np.array_equal(first.rgb, other.rgb)


def test_frames_without_a_reading_are_left_out(tmp_path: Path):
    frames = [scene_frame(0), scene_frame(1, confidence=0), scene_frame(2)]
    recording = pipeline.open_recordings([write_recording(tmp_path, "holes", frames)])[0]
    refs = [FrameRef(recording, i) for i in range(3)]
    batches = list(pipeline.load([refs, [refs[1]]], SAMPLING, None))
    assert [len(batch) for batch in batches] == [2]


def test_shapes_types_and_weights_of_both_orientations(dataset: Path):
    portrait, landscape = pipeline.open_recordings([dataset])[:2]
    for recording, shape in ((portrait, (96, 64)), (landscape, (64, 96))):
        batch = next(pipeline.load([[FrameRef(recording, 0), FrameRef(recording, 1)]], SAMPLING, None))
        assert (batch.rgb.dtype, batch.rgb.shape) == (np.uint8, (2, *shape, 3))
        assert (batch.depth.dtype, batch.depth.shape) == (np.float32, (2, *shape, 2))
        assert (batch.edges.dtype, batch.edges.shape) == (np.float32, (2, *shape, 2))
        assert not batch.depth[:, 0, :, 1].any()  # the first rows have no reading
        assert batch.depth[:, -1, :, 1].all()
        assert not batch.edges[:, 0, :, 1].any()


def test_turning_cuts_the_other_orientation_and_keeps_the_scale(dataset: Path):
    recording = pipeline.open_recordings([dataset])[0]
    upright = pipeline.load_sample(FrameRef(recording, 0), SAMPLING)
    turned = pipeline.load_sample(FrameRef(recording, 0, turned=True), SAMPLING)
    assert turned.rgb.shape == (1, 64, 96, 3)
    assert turned.focal_px[0] == pytest.approx(upright.focal_px[0] * 1.5)  # 96 pixels wide in place of 64
    metres = np.exp(turned.depth[..., 0]) * turned.focal_px / 200.0
    readings = recording.depth_m(recording.line(0))
    assert set(np.unique(metres[turned.depth[..., 1] > 0].round(3))) <= set(np.unique(readings.round(3)))


@pytest.mark.parametrize("seed", range(5))
def test_augmented_depth_in_metres_and_focal_length_still_belong_together(dataset: Path, seed: int):
    """In every window of the picture a pixel's metres must be the recording's own, whatever the zoom."""
    recording = pipeline.open_recordings([dataset])[0]
    sample = pipeline.load_sample(FrameRef(recording, 1), SAMPLING, np.random.default_rng(seed))
    assert 1.0 <= sample.focal_px[0] / (100.0 * 64 / 96) <= 1.5
    metres = np.exp(sample.depth[..., 0]) * sample.focal_px / 200.0
    readings = np.unique(recording.depth_m(recording.line(1)))
    counted = metres[sample.depth[..., 1] > 0]
    nearest = readings[np.abs(readings[:, None] - counted).argmin(axis=0)]
    assert np.allclose(counted, nearest, atol=1e-3)


def test_flipping_moves_picture_and_depth_alike(dataset: Path):
    """Brightness says the depth in these scenes, so that the two must stay correlated under every augmentation."""
    recording = pipeline.open_recordings([dataset])[2]
    for seed in range(6):
        sample = pipeline.load_sample(FrameRef(recording, 2), SAMPLING, np.random.default_rng(seed))
        counted = sample.depth[0, ..., 1] > 0
        red = sample.rgb[0, ..., 0][counted].astype(float)
        assert np.corrcoef(red, sample.depth[0, ..., 0][counted])[0, 1] < -0.9


def test_the_reader_ahead_stops_when_nobody_takes_more(dataset: Path):
    refs = [pipeline.frames_of(pipeline.open_recordings([dataset]))[:2]] * 50
    batches = pipeline.load(refs, SAMPLING, (0,))
    next(batches)
    batches.close()
    with pytest.raises(StopIteration):
        next(batches)


def test_a_damaged_file_is_one_clear_error(tmp_path: Path):
    recording = pipeline.open_recordings([scene_recording(tmp_path, "damaged", 2)])[0]
    (recording.path / "rgb" / "000001.jpg").write_bytes(b"no picture")
    with pytest.raises(CaptureError, match=r"000001\.jpg"):
        list(pipeline.load([pipeline.frames_of([recording])], SAMPLING, None))
