"""The live view without a screen: one source, its newest frame, its newest prediction, and the recording.

source ──► reader thread ──┬─► newest frame        (whoever draws looks at it on a timer)
                           ├─► Predicting ──► newest prediction, with its frame
                           │        └──► recorder   (the error of its prediction, where only poor ones are recorded)
                           └─► recorder             (every frame; it takes those that were chosen)
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.session.live_accuracy import Accuracy, AccuracySample, LiveAccuracy, abs_rel_of
from app.session.mailbox import RateMeter
from app.session.predictor_thread import PredictorStatus, PredictorThread
from capture import thread_priority
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.frame_filter import FrameFilter
from capture.recorder.recorder import Recorder
from capture.recorder.status import RecordingStatus
from capture.sources.base import Source
from capture.sources.replay import ReplaySource
from model.predictor import Prediction

BEHIND_BYTES = 512 << 10  # two frames of 720x960: one may wait while the one before it is decoded
NOT_PREDICTED = "Nothing is recorded at the moment: only frames of poor prediction are chosen, and nothing is predicted"
CLOSE_TIMEOUT_S = 30.0  # a recording that is being finished on a slow disk


@dataclass(frozen=True)
class LiveFrame:
    """What to draw. `prediction` was made from `predicted_frame`: compare the two with each other, not with `frame`."""

    frame: Frame | None = None
    prediction: Prediction | None = None
    predicted_frame: Frame | None = None


@dataclass(frozen=True)
class LiveStatus:
    """What to write beside it. `state` and `detail` as in capture.sources.base.SourceState; rates per second."""

    source: str
    state: str
    detail: str = ""
    prepared: float = 0.0
    fps: float = 0.0
    camera: str = ""
    lost: dict[str, int] = field(default_factory=dict)
    possibly_lost: int = 0
    recording: RecordingStatus | None = None
    predicting: PredictorStatus = field(default_factory=PredictorStatus)
    accuracy: Accuracy | None = None  # of the last seconds; None where there was nothing to compare


class LiveSession:
    """Composes source, predictor and recorder; every method returns at once except `close`.

    Threads: the reader iterates the source and blocks only on it; prediction and recorder have their own
    (app.session.predictor_thread, capture.recorder.recorder).
    """

    def __init__(self, source: Source, recordings: Path, weights: Path | None = None, weights_error: str = "") -> None:
        """`weights_error` says why there are none: the view goes on without prediction."""
        thread_priority.settle_process()
        self._source, self._recordings = source, recordings
        self._view, self._view_lock = LiveFrame(), threading.Lock()
        self._frames, self._accuracy = RateMeter(), LiveAccuracy()
        self._predicting = PredictorThread(self._show_prediction, lambda: self.behind, weights, weights_error)
        self._recorder: Recorder | None = None
        self._failure = ""
        self._closing = threading.Event()
        self._began_ns = 0  # time.perf_counter_ns(), as that of frames: those before it are of another source
        self._readers: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; the calling thread is the one that draws, and gives way to those that take frames."""
        self._start_reader()
        self._predicting.start()
        thread_priority.give_way_as_viewer()

    def close(self) -> None:
        """Finish a running recording and end every thread and child process."""
        self.stop_recording()
        self._closing.set()
        self._source.close()
        if self._recorder is not None:
            self._recorder.join(CLOSE_TIMEOUT_S)
        self._predicting.close(CLOSE_TIMEOUT_S)
        for reader in self._readers:
            reader.join(CLOSE_TIMEOUT_S)

    @property
    def behind(self) -> bool:
        """Whether frames wait to be taken or written: then whatever may be late should be."""
        recorder = self._recorder
        return self._source.waiting_bytes() > BEHIND_BYTES or (recorder is not None and recorder.in_haste)

    @property
    def replay(self) -> ReplaySource | None:
        """The source, where it is a recording that is played."""
        return self._source if isinstance(self._source, ReplaySource) else None

    def latest(self) -> LiveFrame:
        """The newest of everything; the same object until something is newer."""
        return self._view

    def status(self) -> LiveStatus:
        state, view, predicting = self._source.state, self.latest(), self._predicting.status()
        return LiveStatus(
            source=self._source.label,
            state="failed" if self._failure else state.name,
            detail=self._failure or state.detail,
            prepared=state.prepared,
            fps=self._frames.per_second(),
            camera=view.frame.camera.value if view.frame is not None else "",
            lost=self._source.losses(),
            possibly_lost=self._source.possibly_lost(),
            recording=self._recording_status(predicting),
            predicting=predicting,
            accuracy=self._accuracy.latest(),
        )

    def accuracy_history(self) -> list[AccuracySample]:
        """How good the predictions of the last minute were, frame by frame."""
        return self._accuracy.history()

    def start_recording(self, name: str, choice: FrameFilter | None = None, note: str = "") -> None:
        """Record from now on, every frame or those of `choice`.

        Raises LidarliveError while a recording runs or is played, and where only frames of poor prediction are chosen
        but nothing is predicted: then nothing would be recorded.
        """
        self._require_no_recording()
        if not self._source.recordable:
            raise LidarliveError("This is a recording already. To make one, choose a phone or the demo room")
        predicting = self._predicting.status()
        predicts = bool(predicting.weights) or predicting.loading
        if choice is not None and choice.worse_than is not None and not predicts:
            raise LidarliveError(
                "Nothing is recorded: only frames of poor prediction are chosen, and there are no weights to predict "
                "with. Choose other frames"
            )
        self._recorder = Recorder(self._recordings, name, self._source, choice=choice, note=note)

    def stop_recording(self) -> Path | None:
        """Begin to finish the recording; `status().recording.finished` tells when everything is on disk."""
        if self._recorder is None:
            return None
        self._recorder.stop()
        return self._recorder.status().path

    def use_source(self, source: Source) -> None:
        """Read another source from now on, and end the one before. Raises LidarliveError while a recording runs."""
        self._require_no_recording()
        with self._view_lock:
            before, self._source = self._source, source
            self._view, self._failure, self._began_ns = LiveFrame(), "", time.perf_counter_ns()
        self._accuracy = LiveAccuracy()
        before.close()
        self._start_reader()

    def use_weights(self, folder: Path) -> None:
        """Predict with another version as soon as it is ready, with the one in use until then."""
        self._predicting.use(folder)

    def _recording_status(self, predicting: PredictorStatus) -> RecordingStatus | None:
        if self._recorder is None:
            return None
        recording = self._recorder.status()
        starved = recording.choice.worse_than is not None and predicting.mean_ms is None
        return replace(recording, remark=NOT_PREDICTED) if starved else recording

    def _require_no_recording(self) -> None:
        if self._recorder is not None and not self._recorder.status().finished:
            raise LidarliveError("a recording is running: stop it first")

    def _start_reader(self) -> None:
        self._readers = [reader for reader in self._readers if reader.is_alive()]
        self._readers.append(threading.Thread(target=self._read, args=(self._source,), name="reader", daemon=True))
        self._readers[-1].start()

    def _read(self, source: Source) -> None:
        failure = ""
        try:
            with source:
                for frame in source:
                    if self._closing.is_set() or not self._take(source, frame):
                        break
        except LidarliveError as error:
            failure = str(error)
        except Exception as error:
            failure = " ".join(f"the stream failed: {type(error).__name__}: {error}".split())
            raise
        finally:
            if source is self._source:
                self._failure = failure
                self.stop_recording()

    def _take(self, source: Source, frame: Frame) -> bool:
        """Hand a frame on; False where another source is read by now."""
        with self._view_lock:
            if source is not self._source:
                return False
            self._view = replace(self._view, frame=frame)
        self._frames.count()
        if (recorder := self._recorder) is not None:
            recorder.offer(frame)
        self._predicting.offer(frame)
        return True

    def _show_prediction(self, prediction: Prediction, frame: Frame) -> None:
        with self._view_lock:
            if frame.received_ns < self._began_ns:
                return
            self._view = replace(self._view, prediction=prediction, predicted_frame=frame)
            recorder = self._recorder  # under the lock: never one that was begun on another source
        if recorder is not None and recorder.choice.worse_than is not None:
            recorder.offer_predicted(frame, abs_rel_of(prediction, frame))
        self._accuracy.add(prediction, frame)
