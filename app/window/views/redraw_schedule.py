"""When to draw: often enough for the eye, and never at the cost of frames that wait to be read or written."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt5.QtCore import QTimer

from app.session.live_session import LiveFrame

INTERVAL_S = 1 / 32  # between drawings, on average: every frame of a 30 fps stream; faster streams are thinned
NEXT_FRAME_S = 0.02  # how long a frame that is no longer new waits for the next one, which at 60 fps arrives by then
CATCH_UP_INTERVAL_S = 0.2  # while frames wait to be read or written: capture comes first
SHARE = 0.4  # of the time may go into drawing: slow drawings are made less often


class DrawBudget:
    """Earliest moment of the next drawing: after an interval, and later if the last drawing took long."""

    def __init__(self) -> None:
        self.next_s = 0.0  # as of time.monotonic()

    def spend(self, now_s: float, next_s: float) -> None:
        """Note that a drawing begins now; the next one is due at `next_s` at the earliest."""
        self.next_s = next_s
        QTimer.singleShot(0, lambda: self._note_drawn(now_s))  # Qt paints first

    def _note_drawn(self, began_s: float) -> None:
        took_s = time.monotonic() - began_s
        self.next_s = max(self.next_s, began_s + took_s / SHARE)


class RedrawSchedule:
    """Decides in the Qt thread whether to draw now."""

    def __init__(self) -> None:
        self._budget = DrawBudget()
        self._arrived_s = 0.0
        self._newest = LiveFrame().frame

    def is_due(self, view: LiveFrame, drawn: LiveFrame, behind: Callable[[], bool]) -> bool:
        """Whether to draw `view` now; `drawn` is on the screen. The caller draws if the answer is yes.

        `behind`: whether frames wait to be read or written.
        """
        now_s = time.monotonic()
        if is_new := view.frame is not self._newest:
            self._newest, self._arrived_s = view.frame, now_s
        about_to_be_replaced = not is_new and now_s < self._arrived_s + NEXT_FRAME_S
        if view is drawn or now_s < self._budget.next_s or about_to_be_replaced:
            return False
        # A late frame does not delay all that follow.
        next_s = now_s + CATCH_UP_INTERVAL_S if behind() else max(now_s, self._budget.next_s + INTERVAL_S)
        self._budget.spend(now_s, next_s)
        return True
