"""How often the window draws: by a clock of the test's own, as the view's timer asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.session.live_session import LiveFrame
from app.window.views import redraw_schedule as pace
from app.window.views.redraw_schedule import RedrawSchedule
from tests.support.frames import make_frame

POLL_S = 0.005


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`now_s` is what the time is; a drawing takes `drawing_s`."""
    clock = SimpleNamespace(now_s=100.0, drawing_s=0.008)

    def draw(_: int, painted: Any) -> None:
        clock.now_s += clock.drawing_s
        painted()

    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    monkeypatch.setattr(pace, "QTimer", SimpleNamespace(singleShot=draw))
    return clock


def drawn(clock: SimpleNamespace, fps: float, seconds: float = 4.0, behind: bool = False, late_s: float = 0.0) -> float:
    """Drawings a second of a stream of so many frames a second, of which every seventh comes late."""
    frames = [make_frame(i, (72, 96), (24, 32)) for i in range(round(fps * seconds))]
    begun_s, seen, count, asked = clock.now_s, LiveFrame(), 0, RedrawSchedule()
    while clock.now_s < begun_s + seconds:
        passed_s = clock.now_s - begun_s
        arrived = sum(i / fps + (late_s if i % 7 == 0 else 0.0) <= passed_s for i in range(len(frames)))
        view = LiveFrame(frames[arrived - 1]) if arrived else LiveFrame()
        if view.frame is not None and view.frame is not seen.frame and asked.is_due(view, seen, lambda: behind):
            seen, count = view, count + 1
        clock.now_s += POLL_S
    return count / seconds


@pytest.mark.parametrize("late_s", [0.0, 0.01])
def test_half_of_60_frames_a_second_are_drawn_and_a_little_more(clock: SimpleNamespace, late_s: float) -> None:
    assert 30 <= drawn(clock, 60, late_s=late_s) <= 33


def test_every_frame_of_a_slow_stream_is_drawn(clock: SimpleNamespace) -> None:
    assert drawn(clock, 15) == pytest.approx(15, abs=0.5)


def test_while_frames_wait_to_be_taken_the_view_gives_way(clock: SimpleNamespace) -> None:
    assert drawn(clock, 60, behind=True) <= 5.5


def test_where_drawing_takes_long_it_is_done_less_often(clock: SimpleNamespace) -> None:
    clock.drawing_s = 0.05
    assert drawn(clock, 60) <= 1 / 0.05 * pace.SHARE
