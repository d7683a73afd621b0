"""Which way up frames are shown: by their poses, and steady."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.session.orientation import AS_RECEIVED, OrientationTracker, Rotation
from capture.formats.r3d_reader import R3dFile
from capture.frame import Camera, Frame, Pose
from capture.geometry.gravity import up_in_camera
from capture.room import DemoRoom
from tests.support.frames import make_frame
from tests.support.orientations import EVERY_TURN, held


def up_in_picture(frame: Frame) -> tuple[float, float] | None:
    """Direction of the world's "up" in the picture as received: to the right, to the top."""
    up = up_in_camera(frame.pose, frame.depth_size)
    return None if up is None else up[:2]


@pytest.mark.parametrize(("clockwise", "quarter_turns"), [(1, 0), (90, 1), (180, 2), (270, 3), (-90, 3), (40, 0)])
def test_up_is_at_the_top_however_the_phone_is_held(clockwise: float, quarter_turns: int) -> None:
    turn = OrientationTracker().turn(held(clockwise))
    assert turn == Rotation(quarter_turns)
    up = up_in_picture(held(clockwise))
    assert up is not None
    assert turn.displayed_direction(*up)[1] > 0.7


def test_a_picture_taken_with_the_phone_turned_is_turned_as_the_phone() -> None:
    """Its upper edge is what the phone's upper edge points to: turned to the right, it has to point to the right."""
    assert OrientationTracker().turn(held(90)).displayed(0.5, 0.0) == (1.0, 0.5)


def test_a_phone_held_aslant_does_not_flicker() -> None:
    upright = OrientationTracker()
    turns = [upright.turn(held(angle)).quarter_turns for angle in (0, 44, 46, 44, 55, 65, 46, 44, 35, 25, 0)]
    assert turns == [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("pitch", [-90, -80, 75, 90])
def test_straight_down_or_up_keeps_the_turn(pitch: float) -> None:
    upright = OrientationTracker()
    assert upright.turn(held(90)) == Rotation(1)
    for clockwise in (0, 90, 180, 270):
        assert upright.turn(held(clockwise, pitch)) == Rotation(1)
    assert upright.turn(held(0)) == AS_RECEIVED
    assert OrientationTracker().turn(held(180, pitch)) == AS_RECEIVED, "as received until anything is known"


def test_without_a_pose_the_turn_is_kept() -> None:
    upright = OrientationTracker()
    assert upright.turn(held(270)) == Rotation(3)
    nowhere = make_frame(0, depth_size=(192, 256))
    for quaternion in (
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 0.0, 0.0, 0.0),
        (float("nan"), 0.0, 0.0, 1.0),
        (1e200, 0.0, 0.0, 1.0),
    ):
        assert upright.turn(replace(nowhere, pose=Pose(quaternion))) == Rotation(3)
    assert OrientationTracker().turn(nowhere) == AS_RECEIVED


def test_the_front_cameras_pictures_are_mirrored_back_and_not_turned() -> None:
    upright = OrientationTracker()
    assert upright.turn(held(90)) == Rotation(1)
    front = make_frame(0, depth_size=(480, 640), confidence=False, camera=Camera.TRUEDEPTH)
    assert upright.turn(front) == Rotation(0, mirrored=True)


def test_poses_of_other_cameras_are_in_worlds_of_their_own() -> None:
    """As those of 7-Scenes, where y is down: by its poses the kitchen would be upside down."""
    kinect = replace(held(180), depth_m=make_frame(0, depth_size=(640, 480)).depth_m, confidence=None)
    assert OrientationTracker().turn(kinect) == AS_RECEIVED


def test_a_landscape_picture_whose_pose_is_in_its_own_axes_stays() -> None:
    wide = replace(make_frame(0, (96, 72), (256, 192)), pose=held(5).pose)
    assert OrientationTracker().turn(wide) == AS_RECEIVED


def test_a_pose_need_not_have_length_one() -> None:
    frame = held(90)
    longer = tuple(3 * value for value in frame.pose.quaternion)
    assert up_in_picture(replace(frame, pose=Pose(longer))) == pytest.approx(up_in_picture(frame))


def test_the_demo_room_is_upright() -> None:
    walk = DemoRoom()._walk
    for i in range(0, DemoRoom.frames, 20):
        up = up_in_picture(replace(make_frame(0, depth_size=(192, 256)), pose=walk.pose(i)))
        assert up == pytest.approx((0, 1), abs=0.15)


@pytest.mark.parametrize("name", ["desk-1", "desk-2", "door"])
def test_real_recordings_of_an_upright_phone_are_upright(real_data: Path, name: str) -> None:
    with R3dFile(real_data / f"{name}.r3d") as recording:
        poses = [recording.pose(i) for i in range(0, len(recording), 10)]
    for pose in poses:
        up = up_in_picture(replace(make_frame(0, depth_size=(192, 256)), pose=pose))
        assert up is not None
        assert abs(up[0]) < 0.05
        assert up[1] > 0.7


@pytest.mark.parametrize("turn", EVERY_TURN)
def test_what_is_seen_is_where_it_was_received(turn: Rotation) -> None:
    for x, y in ((0.0, 0.0), (0.25, 0.75), (0.5, 1.0)):
        assert turn.received(*turn.displayed(x, y)) == pytest.approx((x, y))
    assert turn.displayed_size(*turn.displayed_size(72, 96)) == (72, 96)
    # A direction is where the end of a short arrow comes to lie; shares grow downwards, directions upwards.
    (x, y), (middle_x, middle_y) = turn.displayed(0.6, 0.3), turn.displayed(0.5, 0.5)
    assert turn.displayed_direction(0.1, 0.2) == pytest.approx((x - middle_x, middle_y - y))


def test_turns_by_hand_add_up() -> None:
    assert Rotation(3).turned(2) == Rotation(1)
    assert Rotation(0, mirrored=True).turned(1) == Rotation(1, mirrored=True)
    assert pytest.approx(Rotation(0, mirrored=True).turned(1).displayed(0.9, 0.2)) == (0.8, 0.1)
