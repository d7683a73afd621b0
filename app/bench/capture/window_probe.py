"""The process under test: the real window over a real live session, with stamps of its frames.

`python -m app.bench.capture.window_probe DRIVER DATASET WEIGHTS SECONDS record|retrain|watch` reads the phone at
USBMUXD_SOCKET_ADDRESS, waits for predictions (and for a training on rendered rooms), records into DATASET or only
watches for SECONDS, closes the window and prints its `Moments` as JSON.

The program contains nothing for it: source and predictor are wrapped, and paint events are watched from outside.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer

from app.bench.capture.moments import Moments
from app.bench.capture.numbered_clip import frame_number
from app.bench.capture.recording_check import Stamp
from app.bench.capture.source_probe import Stamped
from app.bench.capture.training_load import TrainingLoad
from app.platform_workarounds import settle_process
from app.session import predictor_thread
from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from capture import clock
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.sources.opening import open_source
from model.predictor import Prediction, Predictor

WINDOW_SIZE = (1280, 800)
BEAT_MS = 5
POLL_MS = 20  # resolution of the end of a recording
SETTLE_S = 2.0  # of predictions before the recording: warms caches and buffers
START_TIMEOUT_S = 60.0  # until the first prediction: phone, driver and weights are ready
TRAINING_TIMEOUT_S = 300.0  # until its first step: TensorFlow prepares the networks, at low priority
FINISH_TIMEOUT_S = 60.0  # of a recording on a slow disk


class StampedPredictor(Predictor):
    """A Predictor that stamps each finished prediction."""

    stamps: ClassVar[list[Stamp]] = []

    def of_frame(self, frame: Frame) -> Prediction:
        prediction = super().of_frame(frame)
        self.stamps.append((frame_number(frame), clock.now_ns()))
        return prediction


class Heartbeat(QObject):
    """A timer of BEAT_MS that notes when it fires late."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.blocked: list[tuple[int, float]] = []
        self._last_ns = clock.now_ns()
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._beat)
        timer.start(BEAT_MS)

    def _beat(self) -> None:
        now_ns = clock.now_ns()
        late_ms = (now_ns - self._last_ns) / 1e6 - BEAT_MS
        if late_ms > BEAT_MS:
            self.blocked.append((now_ns, late_ms))
        self._last_ns = now_ns


class PaintStamps(QObject):
    """Stamps of painted LiDAR depth maps, after they were sent to the display."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.stamps: list[Stamp] = []
        self._panels = window.panels
        self._panels["lidar"].installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        frame = self._panels.drawn.frame
        if event is not None and event.type() == QEvent.Type.Paint and frame is not None:
            number = frame_number(frame)
            # A timer of 0 ms fires after Qt has painted all changes and sent them to the display.
            QTimer.singleShot(0, lambda: self.stamps.append((number, clock.now_ns())))
        return False


class Probe(QObject):
    """One measurement, in steps on a timer: predictions, training and recording if required, end."""

    def __init__(self, driver: str, dataset: Path, weights: Path, seconds: float, what: str) -> None:
        super().__init__()
        self._weights, self._seconds, self._records = weights, seconds, what in ("record", "retrain")
        self._training = TrainingLoad(weights) if what == "retrain" else None
        setattr(predictor_thread, "Predictor", StampedPredictor)  # noqa: B010 - not an exported name
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

    def moments(self) -> Moments:
        return Moments(
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
            self._end(status.predicting.error or status.detail or "there was no prediction")

    def _wait_for_training(self) -> None:
        assert self._training is not None
        if self._training.images:
            self._begin()
        elif self._training.error or time.monotonic() > self._begun_s + START_TIMEOUT_S + TRAINING_TIMEOUT_S:
            self._end(self._training.error or "the training did not start")

    def _begin(self) -> None:
        self._images_before = self._images()
        if self._records:
            self._asked_ns = clock.now_ns()
            self._window.toggle_recording()
        self._started_ns = clock.now_ns()
        self._step = self._wait_for_the_end

    def _images(self) -> int:
        return 0 if self._training is None else self._training.images

    def _wait_for_the_end(self) -> None:
        passed_s = (clock.now_ns() - self._started_ns) / 1e9
        if not self._records and self._switched_ns is None and passed_s > self._seconds / 2:
            self._switched_ns = clock.now_ns()
            self._session.use_weights(self._weights)
        if self._training is not None and self._training.error:
            self._end(self._training.error)
            return
        if passed_s < self._seconds:
            return
        self._stopped_ns = clock.now_ns()
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
        elif clock.now_ns() > self._stopped_ns + FINISH_TIMEOUT_S * 1e9:
            self._end(f"the recording was not finished within {FINISH_TIMEOUT_S:.0f} s")

    def _end(self, error: str) -> None:
        self.error = error
        self._timer.stop()
        if self._training is not None:
            self._training.shut_down()
        self._window.close()


def main(driver: str, dataset: str, weights: str, seconds: str, what: str) -> int:
    settle_process()
    qt = application()
    try:
        probe = Probe(driver, Path(dataset), Path(weights), float(seconds), what)
    except LidarliveError as error:
        print(error, file=sys.stderr)
        return 1
    faulthandler.dump_traceback_later(
        START_TIMEOUT_S + TRAINING_TIMEOUT_S + float(seconds) + 2 * FINISH_TIMEOUT_S, exit=True
    )  # shows where it hangs
    probe.show()
    qt.exec_()
    if probe.error:
        print(probe.error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(probe.moments())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
