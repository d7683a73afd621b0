"""When to draw: often enough for the eye, and never at the cost of frames that wait to be taken or written."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt5.QtCore import QTimer

from app.session.live_session import LiveFrame

INTERVAL_S = 1 / 32  # between drawings, on average: every frame of a 30 fps stream; a faster one is thinned
NEXT_FRAME_S = 0.02  # a frame that was there at the last look waits so long for a newer one: at 60 fps it comes
CATCH_UP_INTERVAL_S = 0.2  # while frames wait to be taken or written: capture comes first
SHARE = 0.4  # of the time may go into drawing: where it takes long, it is done less often


class RedrawSchedule:
    """Asked in the Qt thread whenever something may be new."""

    def __init__(self) -> None:
        self._next_s = self._came_s = 0.0
        self._newest = LiveFrame().frame

    def is_due(self, view: LiveFrame, seen: LiveFrame, behind: Callable[[], bool]) -> bool:
        """Whether `view` is to be drawn now, `seen` being what is on the screen. Yes counts as done."""
        now_s = time.monotonic()
        if came := view.frame is not self._newest:
            self._newest, self._came_s = view.frame, now_s
        about_to_be_replaced = not came and now_s < self._came_s + NEXT_FRAME_S
        if view is seen or now_s < self._next_s or about_to_be_replaced:
            return False
        # One that came late does not put off all that follow.
        self._next_s = now_s + CATCH_UP_INTERVAL_S if behind() else max(now_s, self._next_s + INTERVAL_S)
        QTimer.singleShot(0, lambda: self._note_drawn(now_s))  # Qt paints first
        return True

    def _note_drawn(self, begun_s: float) -> None:
        took_s = time.monotonic() - begun_s
        self._next_s = max(self._next_s, begun_s + took_s / SHARE)
