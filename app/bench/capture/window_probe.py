"""The process that is measured: the real window over a real live session, and the moments its frames pass.

`python -m app.bench.capture.window_probe DRIVER DATASET WEIGHTS SECONDS record|retrain|watch` reads the phone at
USBMUXD_SOCKET_ADDRESS, waits until predictions come (and a training on rendered rooms is under way), records into
DATASET or only watches for so long, closes the window and prints one JSON document: a `Seen`.

Nothing in the program knows of it: source and predictor are wrapped, and paint events are watched from outside.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer

from app.bench.capture.numbered_clip import frame_number
from app.bench.capture.recording_check import Stamp
from app.bench.capture.source_probe import Stamped
from app.bench.capture.training_load import TrainingLoad
from app.session import predictor_thread
from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.sources.opening import open_source
from model.predictor import Prediction, Predictor

WINDOW_SIZE = (1280, 800)
BEAT_MS = 5
POLL_MS = 20  # how soon the end of a recording is noticed
SETTLE_S = 2.0  # with predictions on before the recording begins: every cache is warm, every buffer was used
START_TIMEOUT_S = 60.0  # until the first prediction: the phone, the driver and the weights are ready by then
TRAINING_TIMEOUT_S = 300.0  # until its first step: TensorFlow prepares the networks, at low priority
FINISH_TIMEOUT_S = 60.0  # a recording that is being put on a slow disk


@dataclass(frozen=True)
class Seen:
    """All moments are time.monotonic_ns(). `hands`, `predicted` and `painted` are (number of the frame, moment).

    `blocked` are (moment, ms): when the Qt thread's event loop went on again after it had stood still so long.

    `started_ns` is when what is measured began, `stopped_ns` when it was to end. `asked_ns` is when the button asked
    for the recording; where none is made, weights are loaded anew half-way, at `switched_ns`.
    """

    hands: list[Stamp]
    predicted: list[Stamp]
    painted: list[Stamp]
    blocked: list[tuple[int, float]]
    asked_ns: int | None
    switched_ns: int | None
    started_ns: int
    stopped_ns: int
    trained_images: int | None  # seen by the training meanwhile; None where there is none


class StampedPredictor(Predictor):
    """Notes in `stamps` when the prediction of a frame is there."""

    stamps: ClassVar[list[Stamp]] = []

    def of_frame(self, frame: Frame) -> Prediction:
        prediction = super().of_frame(frame)
        self.stamps.append((frame_number(frame), time.monotonic_ns()))
        return prediction


class Heartbeat(QObject):
    """A timer that should come every BEAT_MS, and notes when it comes late."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.blocked: list[tuple[int, float]] = []
        self._last_ns = time.monotonic_ns()
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._beat)
        timer.start(BEAT_MS)

    def _beat(self) -> None:
        now_ns = time.monotonic_ns()
        late_ms = (now_ns - self._last_ns) / 1e6 - BEAT_MS
        if late_ms > BEAT_MS:
            self.blocked.append((now_ns, late_ms))
        self._last_ns = now_ns


class PaintStamps(QObject):
    """Notes when a frame's LiDAR depth has been painted and handed to the display."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.stamps: list[Stamp] = []
        self._panels = window.panels
        self._panels["lidar"].installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        frame = self._panels.drawn.frame
        if event is not None and event.type() == QEvent.Type.Paint and frame is not None:
            number = frame_number(frame)
            # Qt paints all that changed, sends it to the display, and only then runs a timer of no time.
            QTimer.singleShot(0, lambda: self.stamps.append((number, time.monotonic_ns())))
        return False


class Probe(QObject):
    """Steps through one measurement on a timer: predictions, training and recording where asked for, end."""

    def __init__(self, driver: str, dataset: Path, weights: Path, seconds: float, what: str) -> None:
        super().__init__()
        self._weights, self._seconds, self._records = weights, seconds, what in ("record", "retrain")
        self._training = TrainingLoad(weights) if what == "retrain" else None
        setattr(predictor_thread, "Predictor", StampedPredictor)  # noqa: B010 - it exports no such name, and need not
        self._source = Stamped(open_source("usb", driver=driver))
        self._session = LiveSession(self._source, dataset, weights)
        self._window = Window(self._session, dataset)
        self._window.resize(*WINDOW_SIZE)
        self._paints, self._heartbeat = PaintStamps(self._window), Heartbeat(self._window)
        self._step = self._wait_for_predictions
        self._begun_s = time.monotonic()
        self._predicting_since_s: float | None = None
        self._asked_ns: int | None = None
        self._switched_ns: int | None = None
        self._started_ns = self._stopped_ns = 0
        self._images_before = self._images_after = 0
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
            hands=self._source.hands,
            predicted=StampedPredictor.stamps,
            painted=self._paints.stamps,
            blocked=self._heartbeat.blocked,
            asked_ns=self._asked_ns,
            switched_ns=self._switched_ns,
            started_ns=self._started_ns,
            stopped_ns=self._stopped_ns,
            trained_images=None if self._training is None else self._images_after - self._images_before,
        )

    def _wait_for_predictions(self) -> None:
        now_s = time.monotonic()
        if self._predicting_since_s is None and self._session.latest().prediction is not None:
            self._predicting_since_s = now_s
        if self._predicting_since_s is not None and now_s > self._predicting_since_s + SETTLE_S:
            if self._training is None:
                self._begin()
            else:
                self._training.start()
                self._step = self._wait_for_training
        elif now_s > self._begun_s + START_TIMEOUT_S:
            status = self._session.status()
            self._end(status.predicting.error or status.detail or "no prediction came")

    def _wait_for_training(self) -> None:
        assert self._training is not None
        if self._training.images:
            self._begin()
        elif self._training.error or time.monotonic() > self._begun_s + START_TIMEOUT_S + TRAINING_TIMEOUT_S:
            self._end(self._training.error or "the training did not begin")

    def _begin(self) -> None:
        self._images_before = self._images()
        if self._records:
            self._asked_ns = time.monotonic_ns()
            self._window.toggle_recording()
        self._started_ns = time.monotonic_ns()
        self._step = self._wait_for_the_end

    def _images(self) -> int:
        return 0 if self._training is None else self._training.images

    def _wait_for_the_end(self) -> None:
        passed_s = (time.monotonic_ns() - self._started_ns) / 1e9
        if not self._records and self._switched_ns is None and passed_s > self._seconds / 2:
            self._switched_ns = time.monotonic_ns()
            self._session.use_weights(self._weights)
        if self._training is not None and self._training.error:
            self._end(self._training.error)
            return
        if passed_s < self._seconds:
            return
        self._stopped_ns = time.monotonic_ns()
        self._images_after = self._images()
        if self._records:
            self._window.toggle_recording()
            self._step = self._finish
        else:
            self._end("")

    def _finish(self) -> None:
        recording = self._session.status().recording
        if recording is not None and recording.finished:
            self._end(recording.error)
        elif time.monotonic_ns() > self._stopped_ns + FINISH_TIMEOUT_S * 1e9:
            self._end(f"the recording is not on disk after {FINISH_TIMEOUT_S:.0f} s")

    def _end(self, error: str) -> None:
        self.error = error
        self._timer.stop()
        if self._training is not None:
            self._training.shut_down()
        self._window.close()


def main(driver: str, dataset: str, weights: str, seconds: str, what: str) -> int:
    qt = application()
    try:
        probe = Probe(driver, Path(dataset), Path(weights), float(seconds), what)
    except LidarliveError as error:
        print(error, file=sys.stderr)
        return 1
    faulthandler.dump_traceback_later(
        START_TIMEOUT_S + TRAINING_TIMEOUT_S + float(seconds) + 2 * FINISH_TIMEOUT_S, exit=True
    )  # a hang says where
    probe.show()
    qt.exec_()
    if probe.error:
        print(probe.error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(probe.seen())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
