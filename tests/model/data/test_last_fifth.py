"""One recording divided in time: what is trained on, what is judged on, and what is too near to be in either."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from capture.errors import LidarliveError
from capture.frame import Intrinsics, Pose
from capture.storage.layout import FileEntry, FrameLine
from model.data.last_fifth import LEAST_TRAINED, NEAR_DEG, NEAR_M, divide


def lines(frames: int, pose: Callable[[int], Pose] = lambda i: Pose(), seconds: float = 0.1) -> list[FrameLine]:
    """A log of frames that differ in all files, one each `seconds`."""
    return [
        FrameLine(
            index=i,
            stream_index=i,
            received_ns=round(i * seconds * 1e9),
            time_utc=None,
            intrinsics=Intrinsics(1, 1, 1, 1),
            pose=pose(i),
            files={kind: FileEntry(f"{kind}/{i}", (1, 1), f"{kind}{i:06}") for kind in ("rgb", "depth")},
        )
        for i in range(frames)
    ]


def along(metres: float) -> Callable[[int], Pose]:
    return lambda i: Pose(position_m=(metres * i, 1.4, -2.0))


def turned(degrees: float) -> Pose:
    half = math.radians(degrees) / 2
    return Pose((0.0, math.sin(half), 0.0, math.cos(half)))


def test_the_last_fifth_is_judged_on_after_a_gap_of_a_second() -> None:
    parts = divide(lines(50, along(0.2)))
    assert parts.held_out == tuple(range(40, 50))
    assert parts.train == tuple(range(31)), "frame 30 was a second before frame 40"
    assert (parts.begins, parts.left_out) == (40, 9)
    assert not set(parts.train) & set(parts.held_out)


def test_the_gap_is_in_seconds_whatever_the_rate() -> None:
    assert divide(lines(500, along(0.02), seconds=0.01)).train == tuple(range(301))
    assert divide(lines(50, along(2.0), seconds=1.0)).left_out == 0, "a picture each second: nothing is near"


def test_a_fifth_of_what_is_not_divisible_is_rounded_up() -> None:
    assert len(divide(lines(51, along(0.2))).held_out) == 11


def test_a_slow_camera_widens_the_gap() -> None:
    parts = divide(lines(100, along(0.008)))
    assert 0.008 * (80 - parts.train[-1]) >= NEAR_M
    assert parts.left_out == math.ceil(NEAR_M / 0.008) - 1 > 9


def test_places_that_the_last_fifth_comes_back_to_are_left_out() -> None:
    def there_and_back(i: int) -> Pose:
        return Pose(position_m=(0.2 * (i if i < 50 else 100 - i), 0.0, 0.0))

    parts = divide(lines(100, there_and_back))
    assert set(range(50)) - set(parts.train) == set(range(1, 21)), "frames 80 to 99 look from where these did"
    assert 21 in parts.train


def test_another_direction_at_the_same_place_is_no_repetition() -> None:
    def looking_around(i: int) -> Pose:
        return turned(3.4 * i)

    parts = divide(lines(100, looking_around))
    assert parts.held_out[0] == 80
    nearest = min((3.4 * (80 - i) for i in parts.train), default=0)
    assert nearest >= NEAR_DEG
    assert 5 not in parts.train or abs(360 - 3.4 * (99 - 5)) >= NEAR_DEG


def test_the_same_rotation_is_found_whatever_the_sign_of_its_quaternion() -> None:
    def there_and_back(i: int) -> Pose:
        pose = turned(4.0 * (i if i < 50 else 100 - i))
        return pose if i < 50 else replace(pose, quaternion=tuple(-v for v in pose.quaternion))

    assert 10 not in divide(lines(100, there_and_back)).train


@pytest.mark.parametrize("kind", ["rgb", "depth"])
def test_the_same_picture_or_depth_map_is_left_out(kind: str) -> None:
    log = lines(60)
    log[3] = replace(log[3], files={**log[3].files, kind: log[55].files[kind]})
    parts = divide(log)
    assert 3 not in parts.train
    assert {2, 4} < set(parts.train)


def test_poses_that_never_change_or_are_invalid_mean_nothing() -> None:
    """They are of imported pictures, or of a camera that was not tracked."""
    unknown = Pose((0.0, 0.0, 0.0, 0.0))
    for pose in (lambda i: Pose(), lambda i: unknown, lambda i: unknown if i % 2 else Pose((0.0, 0.0, 0.0, math.nan))):
        assert divide(lines(50, pose)).train == tuple(range(31))


def test_a_tripod_leaves_nothing_to_train_on() -> None:
    def trembling(i: int) -> Pose:
        return Pose(position_m=(0.001 * (i % 3), 0.0, 0.0))

    with pytest.raises(LidarliveError, match=r"saw the same before .* leaves 0 of 231 .* walk on to somewhere"):
        divide(lines(300, trembling))


def test_a_stream_that_repeats_leaves_nothing_to_train_on() -> None:
    log = lines(200)
    looped = [replace(line, files=log[line.index % 40].files) for line in log]
    with pytest.raises(LidarliveError, match="saw the same before"):
        divide(looped)


@pytest.mark.parametrize("frames", [1, 5, 12, 21])
def test_what_is_too_short_is_refused_with_what_to_do(frames: int) -> None:
    with pytest.raises(
        LidarliveError, match=r"It is too short: .* gap of 1 s .* \d frames? to train on. Record 5 s or more"
    ):
        divide(lines(frames, along(0.2)))


def test_five_seconds_are_enough() -> None:
    assert len(divide(lines(50, along(0.05))).train) > 3 * LEAST_TRAINED
