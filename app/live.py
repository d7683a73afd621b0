"""The live view without a screen: one source, its newest frame, its newest prediction, and the recording.

source ──► reader thread ──┬─► newest frame        (whoever draws looks at it on a timer)
                           ├─► Predicting ──► newest prediction, with its frame
                           └─► recorder             (every frame)
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.accuracy import Accuracy, LiveAccuracy, Moment
from app.flow import Rate
from app.predicting import Predicting, PredictingStatus
from capture import priority
from capture.frame import CaptureError, Frame
from capture.recorder import Recorder, RecordingStatus
from capture.source import Source
from model.predictor import Prediction

BEHIND_BYTES = 512 << 10  # two frames of 720x960: one may wait while the one before it is decoded
CLOSE_TIMEOUT_S = 30.0  # a recording that is being finished on a slow disk


@dataclass(frozen=True)
class View:
    """What to draw. `prediction` was made from `predicted_frame`: compare the two with each other, not with `frame`."""

    frame: Frame | None = None
    prediction: Prediction | None = None
    predicted_frame: Frame | None = None


@dataclass(frozen=True)
class LiveStatus:
    """What to write beside it. `state` and `detail` as in capture.source.SourceState; rates per second."""

    source: str
    state: str
    detail: str = ""
    prepared: float = 0.0
    fps: float = 0.0
    camera: str = ""
    lost: dict[str, int] = field(default_factory=dict)
    possibly_lost: int = 0
    recording: RecordingStatus | None = None
    predicting: PredictingStatus = field(default_factory=PredictingStatus)
    accuracy: Accuracy | None = None  # of the last seconds; None where there was nothing to compare


class LiveSession:
    """Composes source, predictor and recorder; every method returns at once except `close`.

    Threads: the reader iterates the source and blocks only on it; prediction and recorder have their own
    (app.predicting, capture.recorder).
    """

    def __init__(self, source: Source, recordings: Path, weights: Path | None = None, weights_error: str = "") -> None:
        """`weights_error` says why there are none: the view goes on without prediction."""
        priority.settle_process()
        self._source, self._recordings = source, recordings
        self._view, self._view_lock = View(), threading.Lock()
        self._frames, self._accuracy = Rate(), LiveAccuracy()
        self._predicting = Predicting(self._show_prediction, lambda: self.behind, weights, weights_error)
        self._recorder: Recorder | None = None
        self._failure = ""
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)

    def start(self) -> None:
        """Begin; the calling thread is the one that draws, and gives way to those that take frames."""
        self._reader.start()
        self._predicting.start()
        priority.give_way_as_viewer()

    def close(self) -> None:
        """Finish a running recording and end every thread and child process."""
        self.stop_recording()
        self._closing.set()
        self._source.close()
        if self._recorder is not None:
            self._recorder.join(CLOSE_TIMEOUT_S)
        self._predicting.close(CLOSE_TIMEOUT_S)
        if self._reader.is_alive():
            self._reader.join(CLOSE_TIMEOUT_S)

    @property
    def behind(self) -> bool:
        """Whether frames wait to be taken or written: then whatever may be late should be."""
        recorder = self._recorder
        return self._source.waiting_bytes() > BEHIND_BYTES or (recorder is not None and recorder.in_haste)

    def latest(self) -> View:
        """The newest of everything; the same object until something is newer."""
        return self._view

    def status(self) -> LiveStatus:
        state, view = self._source.state, self.latest()
        return LiveStatus(
            source=self._source.label,
            state="failed" if self._failure else state.name,
            detail=self._failure or state.detail,
            prepared=state.prepared,
            fps=self._frames.per_second(),
            camera=view.frame.camera.value if view.frame is not None else "",
            lost=self._source.losses(),
            possibly_lost=self._source.possibly_lost(),
            recording=self._recorder.status() if self._recorder is not None else None,
            predicting=self._predicting.status(),
            accuracy=self._accuracy.latest(),
        )

    def accuracy_history(self) -> list[Moment]:
        """How good the predictions of the last minute were, frame by frame."""
        return self._accuracy.history()

    def start_recording(self, name: str) -> None:
        """Record every frame from now on. Raises CaptureError while a recording runs."""
        if self._recorder is not None and not self._recorder.status().finished:
            raise CaptureError("a recording is running: stop it first")
        self._recorder = Recorder(self._recordings, name, self._source)

    def stop_recording(self) -> Path | None:
        """Begin to finish the recording; `status().recording.finished` tells when everything is on disk."""
        if self._recorder is None:
            return None
        self._recorder.stop()
        return self._recorder.status().path

    def use_weights(self, folder: Path) -> None:
        """Predict with another version as soon as it is ready, with the one in use until then."""
        self._predicting.use(folder)

    def _read(self) -> None:
        try:
            with self._source as source:
                for frame in source:
                    self._frames.count()
                    if (recorder := self._recorder) is not None:
                        recorder.offer(frame)
                    with self._view_lock:
                        self._view = replace(self._view, frame=frame)
                    self._predicting.offer(frame)
                    if self._closing.is_set():
                        break
        except CaptureError as error:
            self._failure = str(error)
        except Exception as error:
            self._failure = f"the stream failed: {error!r}"
            raise
        finally:
            self.stop_recording()

    def _show_prediction(self, prediction: Prediction, frame: Frame) -> None:
        with self._view_lock:
            self._view = replace(self._view, prediction=prediction, predicted_frame=frame)
        self._accuracy.add(prediction, frame)
