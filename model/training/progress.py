"""How far a job of several parts is, as events."""

from __future__ import annotations

import math
import time
from typing import Any

from model.jobs.worker import OnEvent

EVENT_INTERVAL_S = 0.25
LEAST_DONE = 0.005  # of the job: before that, how long it will take is a guess


class Progress:
    """Takes the events of one part after the other and passes them on.

    A "progress" event's `fraction` of its part becomes that of the whole job, and it gains `eta_s`, which may be None.
    At most four of them a second are passed on; the first of each stage always is.
    """

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._start = self._share = 0.0
        self._stage, self._emitted_s = "", -math.inf
        self.began_s = time.monotonic()
        self._began_at: float | None = None  # the fraction that was done when it began: more than 0 where resumed

    def begin(self, start: float, share: float) -> None:
        """The events that follow are of a part that takes `share` of the job and begins when `start` of it is done."""
        self._start, self._share = start, share

    def __call__(self, event: dict[str, Any]) -> None:
        if event["event"] != "progress":
            self._on_event(event)
            return
        now = time.monotonic()
        fraction = self._start + self._share * event["fraction"]
        self._began_at = fraction if self._began_at is None else self._began_at
        if event["stage"] == self._stage and now - self._emitted_s < EVENT_INTERVAL_S:
            return
        self._stage, self._emitted_s = event["stage"], now
        done = fraction - self._began_at
        eta_s = round((now - self.began_s) * (1 - fraction) / done, 1) if done > LEAST_DONE else None
        self._on_event({**event, "fraction": round(fraction, 4), "eta_s": eta_s})
