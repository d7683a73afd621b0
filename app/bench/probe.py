"""The process that is measured: the real window over a real live session, and the moments its frames pass.

`python -m app.bench.probe DRIVER DATASET WEIGHTS SECONDS` reads the phone at USBMUXD_SOCKET_ADDRESS, waits until
predictions come, records for so long into DATASET, closes the window and prints one JSON document: a `Seen`.

Nothing in the program knows of it: the source is wrapped, and paint events are watched from outside.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from PyQt5.QtCore import QEvent, QObject, QTimer

from app.bench.clip import frame_number
from app.bench.hands import Stamped
from app.bench.verify import Stamp
from app.live import LiveSession
from app.window import Window, application
from capture.frame import CaptureError
from capture.source import open_source

POLL_MS = 20  # how soon the end of a recording is noticed
SETTLE_S = 2.0  # with predictions on before the recording begins: every cache is warm, every buffer was used
START_TIMEOUT_S = 60.0  # until the first prediction: the phone, the driver and the weights are ready by then
FINISH_TIMEOUT_S = 60.0  # a recording that is being put on a slow disk


@dataclass(frozen=True)
class Seen:
    """All moments are time.monotonic_ns(). `hands` and `painted` are (number of the frame, moment).

    `asked_ns` is when the button asked for the recording, `started_ns` when it ran, `stopped_ns` when it was to end.
    """

    hands: list[Stamp]
    painted: list[Stamp]
    asked_ns: int
    started_ns: int
    stopped_ns: int
    predictions_per_s: float


class PaintStamps(QObject):
    """Notes when a frame's LiDAR depth has been painted and handed to the display."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.stamps: list[Stamp] = []
        self._comparison = window.comparison
        self._comparison.lidar.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        frame = self._comparison.drawn.frame
        if event is not None and event.type() == QEvent.Type.Paint and frame is not None:
            number = frame_number(frame)
            # Qt paints all that changed, sends it to the display, and only then runs a timer of no time.
            QTimer.singleShot(0, lambda: self.stamps.append((number, time.monotonic_ns())))
        return False


class Probe(QObject):
    """Steps through one measurement on a timer: predictions, recording, end."""

    def __init__(self, driver: str, dataset: Path, weights: Path, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._source = Stamped(open_source("usb", driver=driver))
        self._session = LiveSession(self._source, dataset, weights)
        self._window = Window(self._session, dataset)
        self._paints = PaintStamps(self._window)
        self._step = self._wait_for_predictions
        self._begun_s = time.monotonic()
        self._predicting_since_s: float | None = None
        self._asked_ns = self._started_ns = self._stopped_ns = 0
        self._predictions_per_s = 0.0
        self.error = ""
        timer = QTimer(self)
        timer.timeout.connect(lambda: self._step())
        timer.start(POLL_MS)
        self._timer = timer

    def show(self) -> None:
        self._session.start()
        self._window.show()

    def seen(self) -> Seen:
        return Seen(
            self._source.hands,
            self._paints.stamps,
            self._asked_ns,
            self._started_ns,
            self._stopped_ns,
            self._predictions_per_s,
        )

    def _wait_for_predictions(self) -> None:
        now_s = time.monotonic()
        if self._predicting_since_s is None and self._session.latest().prediction is not None:
            self._predicting_since_s = now_s
        if self._predicting_since_s is not None and now_s > self._predicting_since_s + SETTLE_S:
            self._asked_ns = time.monotonic_ns()
            self._window.toggle_recording()
            self._started_ns = time.monotonic_ns()
            self._step = self._record
        elif now_s > self._begun_s + START_TIMEOUT_S:
            status = self._session.status()
            self._end(status.weights_error or status.detail or "no prediction came")

    def _record(self) -> None:
        if time.monotonic_ns() < self._started_ns + self._seconds * 1e9:
            return
        self._predictions_per_s = self._session.status().predictions_per_s
        self._stopped_ns = time.monotonic_ns()
        self._window.toggle_recording()
        self._step = self._finish

    def _finish(self) -> None:
        recording = self._session.status().recording
        if recording is not None and recording.finished:
            self._end(recording.error)
        elif time.monotonic_ns() > self._stopped_ns + FINISH_TIMEOUT_S * 1e9:
            self._end(f"the recording is not on disk after {FINISH_TIMEOUT_S:.0f} s")

    def _end(self, error: str) -> None:
        self.error = error
        self._timer.stop()
        self._window.close()


def main(driver: str, dataset: Path, weights: Path, seconds: float) -> int:
    qt = application()
    try:
        probe = Probe(driver, dataset, weights, seconds)
    except CaptureError as error:
        print(error, file=sys.stderr)
        return 1
    faulthandler.dump_traceback_later(START_TIMEOUT_S + seconds + 2 * FINISH_TIMEOUT_S, exit=True)  # a hang says where
    probe.show()
    qt.exec_()
    if probe.error:
        print(probe.error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(probe.seen())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])))
