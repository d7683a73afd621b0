"""The live session without a screen: one source, its newest frame and prediction, and the recording.

source ──► reader thread ──┬─► newest frame        (the window polls it)
                           ├─► PredictorThread ──► newest prediction, with its frame
                           │        └──► recorder   (the error of the prediction, if only poor ones are recorded)
                           └─► recorder             (every frame; it keeps the chosen ones)
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.session.live_accuracy import Accuracy, AccuracySample, LiveAccuracy, abs_rel_of
from app.session.mailbox import RateMeter
from app.session.predictor_thread import PredictorStatus, PredictorThread
from capture import clock, thread_priority
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.frame_filter import FrameFilter
from capture.recorder.recorder import Recorder
from capture.recorder.status import RecordingStatus
from capture.sources.arrivals import Diagnosis
from capture.sources.base import Source
from capture.sources.replay import ReplaySource
from capture.timing.capture_moments import CaptureMoments
from model.predictor import Prediction

BEHIND_BYTES = 512 << 10  # two frames of 720x960: one may wait while the one before it is decoded
NOT_PREDICTED = "Nothing is recorded now: only frames with a poor prediction are chosen, and nothing is predicted"
LIVE_STATES = ("connecting", "streaming", "waiting")  # of a source from which frames should arrive
CLOSE_TIMEOUT_S = 30.0  # finishing a recording on a slow disk

logger = logging.getLogger("lidarlive.capture")


@dataclass(frozen=True)
class LiveFrame:
    """What to draw. `prediction` was made from `predicted_frame`: compare it with that one, not with `frame`.

    captured_ns  when `frame` was captured, on the clock of its `received_ns`; None if the phone sends no usable time
    """

    frame: Frame | None = None
    prediction: Prediction | None = None
    predicted_frame: Frame | None = None
    captured_ns: int | None = None


@dataclass(frozen=True)
class LiveStatus:
    """The state to show. `state` and `detail` as in capture.sources.base.SourceState; rates per second.

    delay_s            mean time until a frame is drawn; None if none was drawn lately
    delay_of_capture   whether it counts from the capture, less the time of the fastest frame, or else from arrival
    """

    source: str
    state: str
    detail: str = ""
    prepared: float = 0.0
    fps: float = 0.0
    delay_s: float | None = None
    delay_of_capture: bool = False
    camera: str = ""
    lost: dict[str, int] = field(default_factory=dict)
    possibly_lost: int = 0
    recording: RecordingStatus | None = None
    predicting: PredictorStatus = field(default_factory=PredictorStatus)
    accuracy: Accuracy | None = None  # of the last seconds; None if there was nothing to compare
    diagnosis: Diagnosis | None = None  # why no frame arrives from a connected phone; None while frames arrive


class LiveSession:
    """Composes source, predictor and recorder. Every method returns at once except `close`.

    Threads: `reader` iterates the source and may block only on it; prediction and recorder have their own
    (app.session.predictor_thread, capture.recorder.recorder).
    """

    def __init__(self, source: Source, recordings: Path, weights: Path | None = None, weights_error: str = "") -> None:
        """`weights_error`: why there are no weights; the session then runs without prediction."""
        self._source, self._recordings = source, recordings
        self._view, self._view_lock = LiveFrame(), threading.Lock()
        self._frames, self._shown, self._accuracy = RateMeter(), RateMeter(), LiveAccuracy()
        self._predicting = PredictorThread(self._show_prediction, lambda: self.behind, weights, weights_error)
        self._recorder: Recorder | None = None
        self._failure = ""
        self._closing = threading.Event()
        self._began_ns = 0  # clock.now_ns(), like that of frames: earlier ones are of another source
        self._readers: list[threading.Thread] = []

    def start(self) -> None:
        """Start all threads. The calling thread draws: it gets a lower priority than those that read frames."""
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
        """Whether frames wait to be read or written: then everything that may be late should wait."""
        recorder = self._recorder
        return self._source.waiting_bytes() > BEHIND_BYTES or (recorder is not None and recorder.in_haste)

    @property
    def replay(self) -> ReplaySource | None:
        """The source, if it is a recording that is played."""
        return self._source if isinstance(self._source, ReplaySource) else None

    def latest(self) -> LiveFrame:
        """Return the newest frame and prediction; the same object until one of them changes."""
        return self._view

    def status(self) -> LiveStatus:
        """Return a snapshot of the state."""
        state, view, predicting = self._source.state, self.latest(), self._predicting.status()
        return LiveStatus(
            source=self._source.label,
            state="failed" if self._failure else state.name,
            detail=self._failure or state.detail,
            prepared=state.prepared,
            fps=self._frames.per_second(),
            delay_s=self._shown.mean_seconds(),
            delay_of_capture=view.captured_ns is not None,
            camera=view.frame.camera.value if view.frame is not None else "",
            lost=self._source.losses(),
            possibly_lost=self._source.possibly_lost(),
            recording=self._recording_status(predicting),
            predicting=predicting,
            accuracy=self._accuracy.latest(),
            diagnosis=self._source.diagnosis() if state.name in LIVE_STATES and not self._failure else None,
        )

    def note_drawn(self, view: LiveFrame) -> None:
        """Note that the frame of `view` is drawn now, for the first time. Call it in the thread that draws."""
        if view.frame is not None:
            since_ns = view.frame.received_ns if view.captured_ns is None else view.captured_ns
            self._shown.count((clock.now_ns() - since_ns) / 1e9)

    def accuracy_history(self) -> list[AccuracySample]:
        """Return the accuracy of the last minute, frame by frame."""
        return self._accuracy.history()

    def start_recording(self, name: str, choice: FrameFilter | None = None, note: str = "") -> None:
        """Start to record every frame, or those of `choice`.

        Raises LidarliveError while a recording runs or is played, and if only frames with a poor prediction are chosen
        but nothing is predicted: then nothing would be recorded.
        """
        self._require_no_recording()
        if not self._source.recordable:
            raise LidarliveError(
                "This is a recording already: to make a new one, choose a phone or the demo room as the source"
            )
        predicting = self._predicting.status()
        predicts = bool(predicting.weights) or predicting.loading
        if choice is not None and choice.worse_than is not None and not predicts:
            raise LidarliveError(
                "Nothing would be recorded: only frames with a poor prediction are chosen, and there are no weights to "
                "predict with. Choose other frames"
            )
        self._recorder = Recorder(self._recordings, name, self._source, choice=choice, note=note)

    def stop_recording(self) -> Path | None:
        """Begin to finish the recording; `status().recording.finished` is true when everything is on disk."""
        if self._recorder is None:
            return None
        self._recorder.stop()
        return self._recorder.status().path

    def use_source(self, source: Source) -> None:
        """Close the source and read another one. Raises LidarliveError while a recording runs."""
        self._require_no_recording()
        with self._view_lock:
            before, self._source = self._source, source
            self._view, self._failure, self._began_ns = LiveFrame(), "", clock.now_ns()
        self._accuracy, self._shown = LiveAccuracy(), RateMeter()
        before.close()
        self._start_reader()

    def use_weights(self, folder: Path) -> None:
        """Load another version, and predict with it as soon as it is loaded."""
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
        failure, moments = "", CaptureMoments()
        try:
            with source:
                for frame in source:
                    # A recording that is played was captured long ago.
                    camera_time_s = frame.camera_time_s if source.recordable else None
                    captured_ns = moments.add(frame.received_ns, camera_time_s)
                    if self._closing.is_set() or not self._take(source, frame, captured_ns):
                        break
        except LidarliveError as error:
            failure = str(error)
        except Exception as error:
            failure = " ".join(f"the stream failed: {type(error).__name__}: {error}".split())
            raise
        finally:
            if failure:
                logger.info("%s failed: %s", source.label, failure)
            if source is self._source:
                self._failure = failure
                self.stop_recording()

    def _take(self, source: Source, frame: Frame, captured_ns: int | None) -> bool:
        """Pass a frame on; False if another source has replaced this one."""
        with self._view_lock:
            if source is not self._source:
                return False
            self._view = replace(self._view, frame=frame, captured_ns=captured_ns)
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
            recorder = self._recorder  # under the lock: never one that was started on another source
        if recorder is not None and recorder.choice.worse_than is not None:
            recorder.offer_predicted(frame, abs_rel_of(prediction, frame))
        self._accuracy.add(prediction, frame)
