"""Continuity of log lines: each fault is found in a recording that has it, and none in others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import cos, radians, sin
from pathlib import Path

import pytest

from capture.frame import Camera, Frame, Intrinsics, Pose
from capture.frame_filter import FrameFilter
from capture.inspection.continuity import Continuity
from capture.inspection.findings import Finding
from capture.recording import Recording
from capture.storage.encoding import encode
from capture.storage.writer import RecordingWriter
from tests.support.frames import make_frame, timed

FRAMES = 12


def walk(change: Callable[[int, Frame], Frame], frames: int = FRAMES, camera: Camera = Camera.LIDAR) -> list[Frame]:
    """A quiet walk of a phone held upright that looks ahead, each frame changed."""
    still = [make_frame(i, (24, 32), (192, 256), camera=camera) for i in range(frames)]
    return [
        change(i, replace(f, pose=Pose(turned(i * 0.3), (i * 0.01, 0.0, 0.0)), intrinsics=Intrinsics(30, 30, 12, 16)))
        for i, f in enumerate(still)
    ]


def turned(degrees: float) -> tuple[float, float, float, float]:
    """Rolled clockwise, and looking up a little."""
    roll, tilt = radians(-degrees) / 2, radians(20) / 2
    return sin(tilt) * cos(roll), -sin(tilt) * sin(roll), cos(tilt) * sin(roll), cos(tilt) * cos(roll)


def found(dataset: Path, frames: list[Frame], chosen: FrameFilter | None = None) -> list[Finding]:
    with RecordingWriter(dataset, "walk", source="test", chosen=chosen) as writer:
        for frame in frames:
            writer.append(encode(frame, None))
    assert writer.path is not None
    recording = Recording(writer.path)
    continuity = Continuity(recording.info)
    for line in recording.lines():
        continuity.add(line)
    return list(continuity.findings())


def kinds(findings: list[Finding]) -> list[tuple[str, tuple[int, ...]]]:
    assert not any(each.is_damage for each in findings)
    return [(each.kind, each.frames) for each in findings]


@pytest.mark.parametrize("frames", [0, 1, 2, FRAMES])
def test_a_normal_walk_has_no_findings(tmp_path: Path, frames: int) -> None:
    if frames:
        assert found(tmp_path, walk(lambda i, frame: frame, frames)) == []
    else:
        assert list(Continuity(Recording(_one(tmp_path)).info).findings()) == []


def _one(dataset: Path) -> Path:
    with RecordingWriter(dataset, "one", source="test") as writer:
        writer.append(encode(make_frame(0), None))
    assert writer.path is not None
    return writer.path


@pytest.mark.parametrize("lens", [Intrinsics(31, 30, 12, 16), Intrinsics(30, 30, 12, 17), Intrinsics(0, 0, 0, 0)])
def test_another_lens(tmp_path: Path, lens: Intrinsics) -> None:
    frames = walk(lambda i, frame: replace(frame, intrinsics=lens) if i in (5, 6) else frame)
    assert kinds(found(tmp_path, frames)) == [("intrinsics", (5, 7))], "where it changes, and where it changes back"


def test_focusing_is_not_another_lens(tmp_path: Path) -> None:
    focusing = walk(lambda i, frame: replace(frame, intrinsics=Intrinsics(30 + i * 0.1, 30 + i * 0.1, 12, 16)))
    assert found(tmp_path, focusing) == []


def test_a_phone_that_is_turned_slowly(tmp_path: Path) -> None:
    frames = walk(lambda i, frame: replace(frame, pose=Pose(turned(i * 9), frame.pose.position_m)))
    assert kinds(found(tmp_path, frames)) == [("turned", (7,))], "at 63 degrees"


def test_turns_are_ignored_if_the_world_has_no_gravity(tmp_path: Path) -> None:
    frames = walk(lambda i, frame: replace(frame, depth_m=frame.depth_m[:32, :24], confidence=None))
    frames = [replace(frame, pose=Pose(turned(i * 9), frame.pose.position_m)) for i, frame in enumerate(frames)]
    assert found(tmp_path, frames) == []


def test_axes_that_swap(tmp_path: Path) -> None:
    frames = walk(lambda i, frame: replace(frame, pose=Pose(turned(90), frame.pose.position_m)) if i >= 8 else frame)
    assert kinds(found(tmp_path, frames)) == [("turned", (8,)), ("pose", (8,))]


def test_invalid_poses_do_not_jump(tmp_path: Path) -> None:
    numbers = (Pose(), Pose((float("nan"),) * 4), Pose((0.0, 0.0, 0.0, 0.0)))
    frames = walk(lambda i, frame: replace(frame, pose=numbers[i % 3]) if i > 3 else frame)
    assert found(tmp_path, frames) == []


def test_pauses(tmp_path: Path) -> None:
    frames = walk(lambda i, frame: replace(frame, received_ns=frame.received_ns + (i >= 4) * 800_000_000))
    (gap,) = found(tmp_path, frames)
    assert (gap.kind, gap.frames) == ("gap", (4,))
    assert gap.what == "there is a pause before these: 0.82 s before frame 4, usually 0.017 s"
    short = walk(lambda i, frame: replace(frame, received_ns=frame.received_ns + (i >= 4) * 70_000_000))
    assert found(tmp_path, short) == []


def test_skipped_frames_are_no_pause(tmp_path: Path) -> None:
    frames = [frame for i, frame in enumerate(walk(lambda i, frame: frame, 60)) if not 20 <= i < 40]
    assert kinds(found(tmp_path, frames)) == [("gap", (20,))]
    assert found(tmp_path, frames, chosen=FrameFilter(moved_m=0.01)) == []


def test_time_stamps_that_go_back(tmp_path: Path) -> None:
    frames = walk(lambda i, frame: replace(frame, received_ns=0) if i == 6 else frame)
    assert ("time", (6,)) in kinds(found(tmp_path, frames))


def by_camera(frames: list[Frame]) -> list[Frame]:
    """Timed by the camera, and received up to 11 ms late."""
    return [
        replace(timed(replace(frame, index=round(frame.received_ns * 60 / 1e9))), index=frame.index) for frame in frames
    ]


def test_frames_missing_by_the_cameras_clock_are_certain(tmp_path: Path) -> None:
    """Single ones too; those that this computer is known to have lost are a pause at most."""
    frames = [frame for i, frame in enumerate(walk(lambda i, frame: frame, 60)) if i not in (20, 21, 40)]
    frames = by_camera([replace(frame, index=i) for i, frame in enumerate(frames)])
    (lost,) = found(tmp_path, frames)
    assert (lost.kind, lost.frames, lost.is_damage) == ("lost", (20, 38), False)
    assert lost.what == "3 frames are missing before these by the camera's clock"
    assert lost.details == ("2 before frame 20", "1 before frame 38")
    known = by_camera([frame for i, frame in enumerate(walk(lambda i, frame: frame, 60)) if not 20 <= i < 40])
    assert kinds(found(tmp_path, known)) == [("gap", (20,))]
    assert found(tmp_path, known, chosen=FrameFilter(moved_m=0.01)) == []


def test_a_pause_of_the_app_is_a_pause(tmp_path: Path) -> None:
    frames = walk(lambda i, frame: frame, 180)
    frames = by_camera([replace(frame, index=i) for i, frame in enumerate(frames[:30] + frames[150:])])
    (gap,) = found(tmp_path, frames)
    assert (gap.kind, gap.frames) == ("gap", (30,))
    assert gap.what == "there is a pause before these: 2.02 s before frame 30, usually 0.017 s"


def test_a_busy_computer_leaves_no_pause_in_the_cameras_times(tmp_path: Path) -> None:
    frames = by_camera(walk(lambda i, frame: frame, 60))
    late = [replace(f, received_ns=f.received_ns + (10 <= i < 50) * 900_000_000) for i, f in enumerate(frames)]
    late[50:] = [replace(f, received_ns=late[49].received_ns + i) for i, f in enumerate(late[50:])]
    assert found(tmp_path, late) == []
    assert kinds(found(tmp_path, [replace(frame, camera_time_s=None) for frame in late])) == [("gap", (10,))]


def test_a_camera_clock_that_goes_back_is_named(tmp_path: Path) -> None:
    frames = by_camera(walk(lambda i, frame: frame, 60))
    frames[20] = replace(frames[20], camera_time_s=1.0)
    frames[30] = replace(frames[30], camera_time_s=frames[29].camera_time_s)
    (clock,) = found(tmp_path, frames)
    assert (clock.kind, clock.frames) == ("clock", (20, 30))
    assert clock.what.startswith("the camera's clock goes back, repeats or jumps here")
