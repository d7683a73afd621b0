"""Turn the progress of a job's parts into the progress of the whole job."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from model.events import Event, OnEvent, Progress

EVENT_INTERVAL_S = 0.25
LEAST_DONE = 0.005  # of the job: before that, an estimate of the remaining time is a guess


class JobProgress:
    """Passes on the events of one part of a job after the other.

    A Progress event's `fraction` of its part becomes that of the whole job, and it gains `eta_s`, which may be None.
    At most four of them a second are passed on; the first of each stage always is.
    """

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._start = self._share = 0.0
        self._stage, self._emitted_s = "", -math.inf
        self.began_s = time.monotonic()
        self._began_at: float | None = None  # fraction that was done at the start: more than 0 where resumed

    def begin(self, start: float, share: float) -> None:
        """Begin a part that takes `share` of the job, when `start` of the job is done."""
        self._start, self._share = start, share

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Progress):
            self._on_event(event)
            return
        now = time.monotonic()
        fraction = self._start + self._share * event.fraction
        self._began_at = fraction if self._began_at is None else self._began_at
        if event.stage == self._stage and now - self._emitted_s < EVENT_INTERVAL_S:
            return
        self._stage, self._emitted_s = event.stage, now
        done = fraction - self._began_at
        eta_s = round((now - self.began_s) * (1 - fraction) / done, 1) if done > LEAST_DONE else None
        self._on_event(replace(event, fraction=round(fraction, 4), eta_s=eta_s))
