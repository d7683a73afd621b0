"""Recordings to batches: the plan of an epoch, samples of frames, what is kept in memory."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Frame, Intrinsics
from capture.recording import Recording
from model.data import batches
from model.data.augment import AugmentedView
from model.data.batches import Batch, Cache, FrameRef, Sampling, frames_of, load, load_sample
from model.data.split import open_recordings
from tests.support.frames import write_recording
from tests.support.scenes import scene_frame, scene_recording

SAMPLING = Sampling(size=(64, 96), canonical_focal_px=200.0, zoom=1.5)
FIELDS = ("rgb", "depth", "focal_px")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    for seed, name in enumerate(("a", "b", "c")):
        scene_recording(folder, name, 6, seed=seed, landscape=name == "b")
    return folder


@pytest.fixture
def recordings(dataset: Path) -> list[Recording]:
    return open_recordings([dataset])


def are_equal(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


def test_an_epoch_draws_every_frame_once_in_full_batches_of_one_orientation(recordings: list[Recording]):
    frames = frames_of(recordings)
    planned = batches.plan_epoch(frames, 4, 100, 0.0, np.random.default_rng(0))
    assert {len(batch) for batch in planned} == {4}
    for batch in planned:
        assert len({SAMPLING.size_of(ref.recording) for ref in batch}) == 1
    drawn = [(ref.recording.path, ref.index) for batch in planned for ref in batch]
    assert set(drawn) == {(ref.recording.path, ref.index) for ref in frames}
    assert len(drawn) == 12 + 8  # 12 portrait frames, 6 landscape ones filled up to 8
    assert len(batches.plan_epoch(frames, 4, 8, 0.0, np.random.default_rng(0))) <= 3


def test_an_epoch_cuts_a_share_of_its_batches_to_the_other_orientation(recordings: list[Recording]):
    frames = frames_of(recordings)
    for share, expected in ((0.0, {False}), (1.0, {True})):
        planned = batches.plan_epoch(frames, 4, 100, share, np.random.default_rng(0))
        assert {ref.turned for batch in planned for ref in batch} == expected


def test_batches_are_the_same_for_the_same_seed_and_others_for_another(recordings: list[Recording]):
    refs = frames_of(recordings)[:4]
    plan = [refs, refs]
    first, again, other = (list(load(plan, SAMPLING, seed)) for seed in ((1, 2), (1, 2), (1, 3)))
    assert all(are_equal(*pair) for pair in zip(first, again, strict=True))
    assert not np.array_equal(first[0].rgb, other[0].rgb)
    assert not np.array_equal(first[0].rgb, first[1].rgb)  # a frame drawn twice is seen twice, each time otherwise


def test_batches_are_the_same_however_fast_they_are_taken_and_whatever_is_kept(recordings: list[Recording]):
    refs = frames_of(recordings[:1])
    plan = [refs[i:] + refs[:i] for i in range(6)]
    cache = Cache()

    def taken(delay_s: float, cache: Cache | None) -> Iterator[Batch]:
        for batch in load(plan, SAMPLING, (5,), cache):
            time.sleep(delay_s)
            yield batch

    expected = list(load(plan, SAMPLING, (5,)))
    for delay_s, kept in ((0.02, None), (0.0, cache), (0.01, cache)):
        assert all(are_equal(*pair) for pair in zip(taken(delay_s, kept), expected, strict=True))


def test_what_is_kept_in_memory_is_not_read_again(dataset: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(open_recordings([dataset])[0].path, copy)
    plan, cache = [frames_of(open_recordings([copy]))], Cache()
    measured, trained = (list(load(plan, SAMPLING, seed, cache)) for seed in (None, (1,)))
    for folder in ("rgb", "depth", "confidence"):
        shutil.rmtree(copy / folder)
    for seed, before in ((None, measured), ((1,), trained)):
        assert all(are_equal(*pair) for pair in zip(load(plan, SAMPLING, seed, cache), before, strict=True))


def test_memory_is_bounded_and_what_finds_no_room_is_read_anew(dataset: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(open_recordings([dataset])[0].path, copy)
    refs = frames_of(open_recordings([copy]))
    frame_bytes = 64 * 96 * 3 + 48 * 64 * 3  # the picture at the network's size; depth and confidence as recorded
    cache = Cache(most_bytes=2 * frame_bytes + 100)
    list(load([refs], SAMPLING, None, cache))
    shutil.rmtree(copy / "rgb")
    assert len(next(load([refs[:2]], SAMPLING, None, cache))) == 2
    with pytest.raises(LidarliveError, match=r"000002\.jpg"):
        next(load([refs[2:3]], SAMPLING, None, cache))


def test_frames_without_a_reading_are_left_out_and_change_nothing(tmp_path: Path):
    """A frame that counts nowhere gives the same batch as no frame; one in which nothing counts gives no batch."""
    hidden = replace(scene_frame(1), depth_m=np.zeros_like(scene_frame(1).depth_m))
    frames = [scene_frame(0), scene_frame(2), hidden, scene_frame(1, confidence=0)]
    recording = open_recordings([write_recording(tmp_path, "holes", frames)])[0]
    refs = frames_of([recording])
    for seed in (None, (3,)):
        expected = next(load([refs[:2]], SAMPLING, seed))
        batches = list(load([refs, refs[2:], refs[:2]], SAMPLING, seed))
        assert [len(batch) for batch in batches] == [2, 2]
        assert are_equal(batches[0], expected)


def test_nothing_that_leaves_the_loader_is_no_number(tmp_path: Path):
    """Whatever lacks: readings here and there, nearly all of them, the focal length."""
    rng, frames = np.random.default_rng(0), []
    for i, share in enumerate((0.0, 0.5, 0.999)):
        scene = scene_frame(i)
        depth_m = np.where(rng.random(scene.depth_m.shape) < share, 0, scene.depth_m).astype(np.float32)
        frames.append(replace(scene, depth_m=depth_m, intrinsics=Intrinsics(0, 0, 0, 0)))
    refs = frames_of(open_recordings([write_recording(tmp_path, "holes", frames)]))
    for batch in load([refs] * 20, SAMPLING, (7,)):
        assert all(np.isfinite(getattr(batch, name)).all() for name in FIELDS)
        assert set(np.unique(batch.depth[..., 1])) <= {0, 1}


def numbered_frame() -> Frame:
    """Every depth pixel has its own millimetres, 1000 + its number, or no reading; confidence at random."""
    scene, rng = scene_frame(0), np.random.default_rng(4)
    number = np.arange(scene.depth_m.size).reshape(scene.depth_m.shape)
    depth_m = np.where(rng.random(number.shape) < 0.3, 0, (1000 + number) / 1000).astype(np.float32)
    return replace(scene, depth_m=depth_m, confidence=rng.integers(0, 3, number.shape).astype(np.uint8))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("seed", [None, *range(8)])
def test_a_pixel_has_the_reading_and_the_weight_of_one_pixel_of_the_recording(
    tmp_path: Path, seed: int | None, turned: bool
):
    """So no pixel without a reading gets one, and no weight grows."""
    frame = numbered_frame()
    recording = open_recordings([write_recording(tmp_path, "numbered", [frame])])[0]
    rng = None if seed is None else np.random.default_rng(seed)
    sample = load_sample(FrameRef(recording, 0, turned), SAMPLING, rng)
    millimetres = np.rint(1000 * np.exp(sample.depth[0, ..., 0]) * sample.focal_px / 200.0).astype(int)
    weight, counts = sample.depth[0, ..., 1], sample.depth[0, ..., 1] > 0
    assert frame.confidence is not None
    of_recording = np.where(frame.depth_m > 0, np.array([0, 0.5, 1])[frame.confidence], 0).ravel()
    taken = millimetres[counts] - 1000
    assert counts.any()
    assert taken.min() >= 0
    assert np.array_equal(of_recording[taken], weight[counts])
    assert 0.25 < 1 - counts.mean() < 0.75  # of all pixels about a half have no reading, or one of confidence 0
    if seed is None:
        shown = 1 if not turned else 4 / 9
        assert len(set(taken.tolist())) >= 0.9 * shown * np.count_nonzero(of_recording)


def test_shapes_types_and_weights_of_both_orientations(recordings: list[Recording]):
    for recording, shape in zip(recordings[:2], ((96, 64), (64, 96)), strict=True):
        batch = next(load([[FrameRef(recording, 0), FrameRef(recording, 1)]], SAMPLING, None))
        assert (batch.rgb.dtype, batch.rgb.shape) == (np.uint8, (2, *shape, 3))
        assert (batch.depth.dtype, batch.depth.shape) == (np.float32, (2, *shape, 2))
        assert (batch.focal_px.dtype, batch.focal_px.shape) == (np.float32, (2,))
        assert not batch.depth[:, 0, :, 1].any()  # the first rows have no reading
        assert batch.depth[:, -1, :, 1].all()


def test_turning_cuts_the_other_orientation_and_keeps_the_scale(recordings: list[Recording]):
    upright = load_sample(FrameRef(recordings[0], 0), SAMPLING)
    turned = load_sample(FrameRef(recordings[0], 0, turned=True), SAMPLING)
    assert turned.rgb.shape == (1, 64, 96, 3)
    assert turned.focal_px[0] == pytest.approx(upright.focal_px[0] * 1.5)  # 96 pixels wide in place of 64


SLOPE = np.array([0.1, -0.15, 0.5])  # n with n . p = 1 for the points p of a plane two metres ahead


def plane_frame(size: tuple[int, int], focal: float, axis: tuple[float, float]) -> Frame:
    """The plane as a camera of this focal length and principal point measures it; depth of the picture's size."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    x, y = (columns + 0.5 - axis[0]) / focal, (rows + 0.5 - axis[1]) / focal
    depth_m = (1 / (SLOPE[0] * x + SLOPE[1] * y + SLOPE[2])).astype(np.float32)
    image = np.repeat(np.clip(60 * depth_m, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)
    return replace(
        scene_frame(0), image=image, depth_m=depth_m, confidence=None, intrinsics=Intrinsics(focal, focal, *axis)
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_zoomed_sample_is_what_a_longer_lens_sees(tmp_path: Path, seed: int):
    """The window that the seed draws, rendered directly by a camera with that lens: focal length and targets agree."""
    size = (128, 192)
    recording = open_recordings([write_recording(tmp_path / "wide", "wide", [plane_frame(size, 140.0, (64, 96))])])[0]
    sample = load_sample(FrameRef(recording, 0), SAMPLING, np.random.default_rng(seed))
    view = AugmentedView.drawn(np.random.default_rng(seed), size, (1.0, 1.0), SAMPLING.zoom)
    zoom = 1 / view.sides[0]
    axis = (np.array(size) / 2 - (np.array(view.middle) - np.array(view.sides) / 2) * size) * zoom
    lens = plane_frame(size, 140.0 * zoom, (axis[0], axis[1]))
    direct = load_sample(FrameRef(Recording(write_recording(tmp_path / "long", "long", [lens])), 0), SAMPLING)

    assert sample.focal_px[0] == pytest.approx(direct.focal_px[0])
    expected = direct.depth[0, ..., 0][:, :: -1 if view.mirrored else 1]
    # The roll moves the border by up to 5 pixels of 96, about 0.04 in the log on this plane; the middle stays.
    difference = np.abs(sample.depth[0, ..., 0] - expected)
    assert difference.max() < 0.06
    assert difference[40:56, 26:38].max() < 0.02


def test_the_loader_augments_as_the_view_that_the_seed_draws_says(recordings: list[Recording]):
    """Brightness encodes the depth in these scenes, so that the two must stay correlated under every augmentation."""
    for seed in range(6):
        sample = load_sample(FrameRef(recordings[2], 2), SAMPLING, np.random.default_rng(seed))
        counted = sample.depth[0, ..., 1] > 0
        red = sample.rgb[0, ..., 0][counted].astype(float)
        assert np.corrcoef(red, sample.depth[0, ..., 0][counted])[0, 1] < -0.9


def test_the_reader_ahead_stops_when_nobody_takes_more(recordings: list[Recording]):
    batches = load([frames_of(recordings)[:2]] * 50, SAMPLING, (0,))
    next(batches)
    batches.close()
    with pytest.raises(StopIteration):
        next(batches)


def test_a_damaged_file_is_one_clear_error(tmp_path: Path):
    recording = open_recordings([scene_recording(tmp_path, "damaged", 2)])[0]
    (recording.path / "rgb" / "000001.jpg").write_bytes(b"no picture")
    with pytest.raises(LidarliveError, match=r"000001\.jpg"):
        list(load([frames_of([recording])], SAMPLING, None))
