"""Frames that are nearly the one before are not trained on; none of value is lost."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.formats.r3d_reader import R3dFile
from capture.frame import Frame, Pose
from capture.jpeg import Jpeg
from capture.recording import Recording
from capture.storage.writer import RecordingWriter
from model.data.batches import frames_of
from model.data.split import open_recordings
from model.data.thinning import LEAST_KEPT, thinned, training_frames
from tests.support.frames import write_recording
from tests.support.scenes import scene_frame

FRAMES = 60


def kept(folder: Path, frames: list[Frame]) -> list[int]:
    recording = Recording(write_recording(folder, "walk", frames))
    refs = thinned(recording)
    assert all(ref.recording is recording and not ref.turned for ref in refs)
    return [ref.index for ref in refs]


def posed(poses: list[Pose], scene: int | None = None) -> list[Frame]:
    """A frame a pose, of scenes of their own or all of one."""
    return [replace(scene_frame(i if scene is None else scene), index=i, pose=pose) for i, pose in enumerate(poses)]


def turned(degrees: float, scale: float = 1.0) -> Pose:
    half = math.radians(degrees) / 2
    return Pose((0.0, scale * math.sin(half), 0.0, scale * math.cos(half)))


def test_a_frame_is_kept_once_the_phone_has_moved(tmp_path: Path):
    poses = [Pose(position_m=(0.0045 * i, 0.0, 0.0)) for i in range(FRAMES)]
    assert kept(tmp_path, posed(poses, scene=0)) == list(range(0, FRAMES, 5))


def test_a_frame_is_kept_once_the_phone_has_turned(tmp_path: Path):
    """Whatever the length and sign of its quaternion: q and -q are one orientation."""
    poses = [turned(0.45 * i, scale=-2.0 if i % 2 else 0.5) for i in range(FRAMES)]
    assert kept(tmp_path, posed(poses, scene=0)) == list(range(0, FRAMES, 5))


def test_a_walk_that_goes_far_from_frame_to_frame_stays_whole(tmp_path: Path):
    poses = [Pose(position_m=(0.0, 0.05 * i, 0.0)) for i in range(FRAMES)]
    assert kept(tmp_path, posed(poses)) == list(range(FRAMES))


def test_pictures_are_not_read_where_the_pose_tells(tmp_path: Path):
    poses = [Pose(position_m=(0.1 * i, 0.0, 0.0)) for i in range(12)]
    path = write_recording(tmp_path, "walk", posed(poses))
    for jpeg in (path / "rgb").iterdir():
        jpeg.unlink()
    assert len(thinned(Recording(path))) == 12


@pytest.mark.parametrize(
    "pose",
    [Pose(), Pose((0.0, 0.0, 0.0, 0.0)), Pose(position_m=(math.nan, 0.0, 0.0))],
    ids=["the same", "no quaternion", "not a number"],
)
def test_without_a_pose_that_moves_the_pictures_tell(tmp_path: Path, pose: Pose):
    """Each scene lasts for five frames."""
    frames = [replace(scene_frame(i // 5), index=i, pose=pose) for i in range(FRAMES)]
    assert kept(tmp_path, frames) == list(range(0, FRAMES, 5))


def test_the_pictures_tell_where_the_phone_lost_track_of_itself_for_a_while(tmp_path: Path):
    lost = Pose(position_m=(math.nan, math.nan, math.nan))
    poses = [Pose(position_m=(0.1 * i, 0.0, 0.0)) if i < 30 else lost for i in range(FRAMES)]
    frames = [replace(scene_frame(i // 5), index=i, pose=pose) for i, pose in enumerate(poses)]
    assert kept(tmp_path, frames) == list(range(0, FRAMES, 5))


def test_a_hand_that_trembles_is_no_movement(tmp_path: Path):
    rng = np.random.default_rng(0)
    poses = [Pose(position_m=tuple(rng.uniform(0, 0.005, 3))) for _ in range(FRAMES)]
    assert kept(tmp_path, posed(poses)) == list(range(FRAMES))  # by the pictures, which are all others


def test_sensor_noise_and_exposure_are_no_change(tmp_path: Path):
    """A phone on a tripod while a cloud passes: a few frames, evenly spread."""
    frames, rng = [], np.random.default_rng(0)
    for i in range(FRAMES):
        scene = scene_frame(0)
        light = 1 + 0.3 * math.sin(i / 5)
        image = np.clip(0.7 * light * scene.rgb + rng.normal(0, 4, scene.rgb.shape), 0, 255).astype(np.uint8)
        frames.append(replace(scene, index=i, image=image))
    assert kept(tmp_path, frames) == np.linspace(0, FRAMES - 1, LEAST_KEPT).round().astype(int).tolist()


def test_a_short_recording_stays_whole(tmp_path: Path):
    frames = [replace(scene_frame(0), index=i) for i in range(LEAST_KEPT)]
    assert kept(tmp_path, frames) == list(range(LEAST_KEPT))


def test_ten_times_the_frame_rate_gives_hardly_more_frames(tmp_path: Path):
    coarse = [Pose(position_m=(0.03 * i, 0.0, 0.0)) for i in range(20)]
    fine = [Pose(position_m=(0.003 * i, 0.0, 0.0)) for i in range(200)]
    assert len(kept(tmp_path / "coarse", posed(coarse, scene=0))) == 20
    assert 20 <= len(kept(tmp_path / "fine", posed(fine, scene=0))) <= 30


def test_thinning_changes_nothing_of_what_a_recording_has(tmp_path: Path):
    recording = Recording(write_recording(tmp_path, "walk", posed([Pose()] * 20, scene=0)))
    assert set(thinned(recording)) < set(frames_of([recording]))


@pytest.mark.parametrize(("name", "least", "most"), [("desk-1", 20, 40), ("desk-2", LEAST_KEPT, 12), ("door", 12, 30)])
def test_real_recordings_at_60_fps(real_data: Path, tmp_path: Path, name: str, least: int, most: int):
    with R3dFile(real_data / f"{name}.r3d") as source, RecordingWriter(tmp_path, name, source=name) as writer:
        for i in range(len(source)):
            writer.append(source.read_frame(i))
    assert writer.path is not None
    assert least <= len(thinned(Recording(writer.path))) <= most


def test_real_single_pictures_all_stay(real_data: Path, tmp_path: Path):
    """NYU Depth v2: no picture follows on another, and none has a pose."""
    jpegs = sorted((real_data / "nyuv2" / "val" / "rgb").iterdir())[:40]
    frames = [replace(scene_frame(i), image=Jpeg.checked(path.read_bytes())) for i, path in enumerate(jpegs)]
    assert kept(tmp_path, frames) == list(range(40))


def test_near_duplicates_are_left_out_only_where_they_crowd_out_others(tmp_path: Path):
    still = [replace(scene_frame(0), index=i, received_ns=i * 33_333_333) for i in range(20)]
    recordings = open_recordings([write_recording(tmp_path, "still", still)])
    assert len(training_frames(recordings, epoch_frames=20)) == 20
    some = training_frames(recordings[:1], epoch_frames=20, only=(1, 3, 5))
    assert [(ref.recording, ref.index) for ref in some] == [(recordings[0], i) for i in (1, 3, 5)]
    assert len(training_frames(recordings, epoch_frames=19)) < 20
