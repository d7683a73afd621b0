"""Watch a source that is being recorded: end it after a time, and report while nothing arrives."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from app.cli.recording.reports import Report
from capture.recorder.recorder import Recorder
from capture.sources.base import Source

TICK_S = 0.25  # how late a report may be
REPORT_INTERVAL_S = 1.0  # while a problem lasts
CONNECTING_S = 3.0  # connecting takes tenths of a second; what takes longer is a wait for frames


class SourceWatch:
    """Thread `watch` beside the one that iterates the source; a context manager. It blocks on nothing.

    Closes the source `seconds` (None: never) after it has begun to wait for frames.
    """

    def __init__(self, source: Source, recorder: Recorder, seconds: float | None, report: Report) -> None:
        self._source, self._recorder, self._report = source, recorder, report
        self._seconds = seconds
        self._began_s: float | None = None
        self._connecting_s = time.monotonic()  # since when it has been connecting, if it is
        self._reported_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> SourceWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s()):
            if self._left_s() <= 0:
                self._source.close()
                return
            self._report_problem()

    def _pause_s(self) -> float:
        return max(0.0, min(TICK_S, self._left_s()))

    def _left_s(self) -> float:
        """Return the time until the source is to be closed."""
        now_s, state = time.monotonic(), self._source.state.name
        if state != "connecting":
            self._connecting_s = now_s
        is_waiting = state in ("streaming", "waiting") or now_s - self._connecting_s > CONNECTING_S
        if self._began_s is None and is_waiting:
            self._began_s = now_s
        if self._seconds is None or self._began_s is None:
            return TICK_S
        return self._began_s + self._seconds - now_s

    def _report_problem(self) -> None:
        state, diagnosis = self._source.state, self._source.diagnosis()
        is_unplugged = state.name == "waiting" and self._source.arrivals() is None  # else a diagnosis follows
        if diagnosis is None and not is_unplugged:
            self._reported_s = 0.0
        elif time.monotonic() - self._reported_s >= REPORT_INTERVAL_S:
            self._reported_s = time.monotonic()
            self._report("waiting", self._recorder.status(), state.detail, diagnosis)
