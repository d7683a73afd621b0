"""Run the real command and note the moments of its start.

`python -m app.bench.start_probe OPTION...` is `lidarlive view OPTION...`. Once a prediction is painted, or `IDLE_S`
after the window if there is no picture, it closes the window and prints one JSON document: a `Started`. The program
itself contains nothing for it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import psutil
from PyQt5.QtCore import QEvent, QObject, QTimer
from PyQt5.QtWidgets import QWidget

from app.bench.capture.process_monitor import memory_bytes
from app.cli.commands import COMMANDS, DEFAULT_COMMAND
from app.cli.framework.program import NAME, program
from app.window import main_window
from capture import clock

IDLE_S = 4.0  # by then everything that starts has started


@dataclass(frozen=True)
class Started:
    """Moments are clock.now_ns(), None if not reached; `memory_mb` is that of this process."""

    window_ns: int | None
    prediction_ns: int | None
    memory_mb: float


class Watched(main_window.Window):
    """The window, watching its own paint events."""

    seen: Started | None = None

    def show(self) -> None:
        self._window_ns: int | None = None
        self._prediction_ns: int | None = None
        self.waiting_page.installEventFilter(self)
        self.panels["predicted"].installEventFilter(self)
        super().show()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            # A timer of 0 ms fires after Qt has painted all changes and sent them to the display.
            QTimer.singleShot(0, self._note_prediction if watched is self.panels["predicted"] else self._note_window)
        return False

    def _note_window(self) -> None:
        if self._window_ns is None:
            self._window_ns = clock.now_ns()
            QTimer.singleShot(round(1000 * IDLE_S), self._end_idle)

    def _note_prediction(self) -> None:
        if self._prediction_ns is None and self.panels["predicted"].has_picture:
            self._prediction_ns = clock.now_ns()
            self._end_watching()

    def _end_idle(self) -> None:
        if self.panels.drawn.frame is None:
            self._end_watching()

    def _end_watching(self) -> None:
        memory_mb = memory_bytes(psutil.Process()) / 1e6
        Watched.seen = Started(self._window_ns, self._prediction_ns, memory_mb)
        self.close()


def main() -> None:
    main_window.Window = Watched  # type: ignore[misc]
    try:
        program(COMMANDS, DEFAULT_COMMAND).main(["view", *sys.argv[1:]], prog_name=NAME)
    finally:
        if Watched.seen is not None:
            print(json.dumps(asdict(Watched.seen)))


if __name__ == "__main__":
    main()
