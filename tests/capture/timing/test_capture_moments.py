"""The moment of capture on this computer's clock: exact in differences, late by the fastest frame's way."""

from __future__ import annotations

import pytest

from capture.timing.capture_moments import SLICE_NS, SLICES, CaptureMoments

STEP_NS = 16_666_667
WAY_NS = 30_000_000  # of the fastest frame: exposure, encoding, USB
BOOTED_S = 65_575.5


def frame(i: int, late_ns: int = 0) -> tuple[int, float]:
    """Arrival and camera's time of frame i, which was captured i steps after the start of both clocks."""
    return i * STEP_NS + WAY_NS + late_ns, BOOTED_S + i * STEP_NS / 1e9


def test_delays_are_those_beyond_the_fastest_frame() -> None:
    moments = CaptureMoments()
    late_ns = [0, 5_000_000, 250_000_000, 1_000_000, 0]
    captured = [moments.add(*frame(i, late)) for i, late in enumerate(late_ns)]
    delays = [frame(i, late)[0] - captured[i] for i, late in enumerate(late_ns)]  # type: ignore[operator]
    assert delays == pytest.approx(late_ns, abs=2)


def test_the_first_frames_may_be_late_until_a_faster_one_comes() -> None:
    moments = CaptureMoments()
    late = frame(0, 100_000_000)
    assert moments.add(*late) == pytest.approx(late[0], abs=2), "no delay is known yet, and none is negative"
    moments.add(*frame(1))
    again = frame(2, 100_000_000)
    assert again[0] - moments.add(*again) == pytest.approx(100_000_000, abs=2)  # type: ignore[operator]


def test_clocks_that_drift_apart_do_not_add_up() -> None:
    """Ours runs a ten-thousandth faster: 36 ms in six minutes, of which a minute is seen."""
    moments = CaptureMoments()
    for i in range(0, 21_600, 6):
        received_ns, camera_s = round(i * STEP_NS * 1.0001), BOOTED_S + i * STEP_NS / 1e9
        captured_ns = moments.add(received_ns, camera_s)
        assert captured_ns is not None
        assert 0 <= received_ns - captured_ns <= SLICES * SLICE_NS * 0.0001 + 1000


def test_without_a_usable_time() -> None:
    moments = CaptureMoments()
    assert moments.add(*frame(0)) is not None
    assert moments.add(frame(1)[0], None) is None
    assert moments.add(frame(2)[0], 0.0) is None
    assert moments.add(*frame(3)) is not None


def test_a_clock_that_was_set_back_begins_anew() -> None:
    moments = CaptureMoments()
    for i in range(30):
        moments.add(*frame(i))
    found = [moments.add(frame(i)[0], frame(i)[1] - 60_000) for i in range(30, 60)]
    assert found[-1] is not None
    assert 0 <= frame(59)[0] - found[-1] <= 1000
