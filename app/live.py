"""The live view without a screen: one source, its newest frame, its newest prediction, and the recording.

source ──► reader thread ──┬─► newest frame        (whoever draws looks at it on a timer)
                           ├─► predictor's mailbox ──► predictor thread ──► newest prediction, with its frame
                           └─► recorder             (every frame)
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

import psutil

from capture import priority
from capture.frame import CaptureError, Frame
from capture.recorder import Recorder, RecordingStatus
from capture.source import Source
from model.predictor import Prediction, Predictor

PREDICTOR_THREADS = max(1, (psutil.cpu_count(logical=False) or 2) // 2)  # the other half captures, encodes and draws
BEHIND_BYTES = 512 << 10  # two frames of 720x960: one may wait while the one before it is decoded
RATE_WINDOW_S = 2.0  # rates are means over this long: short enough to see a stall, long enough to read
CLOSE_TIMEOUT_S = 30.0  # a recording that is being finished on a slow disk

T = TypeVar("T")


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
    predictions_per_s: float = 0.0
    inference_ms: float | None = None
    camera: str = ""
    lost: dict[str, int] = field(default_factory=dict)
    possibly_lost: int = 0
    recording: RecordingStatus | None = None
    weights: str = ""
    weights_error: str = ""
    loading: bool = False  # of weights


class Mailbox(Generic[T]):
    """One slot: `put` replaces what was not taken yet, `take` waits for something new. Never more than one item old."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        with self._changed:
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None, timeout_s)
            item, self._item = self._item, None
            return item


class Rate:
    """Events of the last RATE_WINDOW_S and how long each took; counted by one thread, read by any."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def count(self, seconds: float = 0.0) -> None:
        """An event now, which took `seconds`."""
        with self._lock:
            self._events.append((time.monotonic(), seconds))
            self._forget()

    def per_second(self) -> float:
        with self._lock:
            self._forget()
            if len(self._events) < 2:
                return 0.0
            return (len(self._events) - 1) / (self._events[-1][0] - self._events[0][0])

    def mean_seconds(self) -> float | None:
        """How long an event took in the mean; None where there was none lately."""
        with self._lock:
            self._forget()
            return sum(seconds for _, seconds in self._events) / len(self._events) if self._events else None

    def _forget(self) -> None:
        while self._events and self._events[0][0] < time.monotonic() - RATE_WINDOW_S:
            self._events.popleft()


class LiveSession:
    """Composes source, predictor and recorder; every method returns at once except `close`.

    Threads: the reader iterates the source and blocks only on it; the predictor blocks on its mailbox and on
    inference, drops frames while busy and gives way to all others; the recorder has its own (capture.recorder).
    """

    def __init__(self, source: Source, recordings: Path, weights: Path | None = None) -> None:
        priority.settle_process()
        self._source, self._recordings = source, recordings
        self._view, self._view_lock = View(), threading.Lock()
        self._frames, self._predictions = Rate(), Rate()
        self._to_predict: Mailbox[Frame] = Mailbox()
        self._new_weights: Mailbox[Path] = Mailbox()
        self._weights_name, self._weights_error, self._loading = "", "", weights is not None
        self._recorder: Recorder | None = None
        self._failure = ""
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)
        self._predictor = threading.Thread(target=self._predict, name="predictor", daemon=True)
        if weights is not None:
            self._new_weights.put(weights)

    def start(self) -> None:
        """Begin; the calling thread is the one that draws, and gives way to those that take frames."""
        self._reader.start()
        self._predictor.start()
        priority.give_way_as_viewer()

    def close(self) -> None:
        """Finish a running recording and end every thread and child process."""
        self.stop_recording()
        self._closing.set()
        self._source.close()
        if self._recorder is not None:
            self._recorder.join(CLOSE_TIMEOUT_S)
        for thread in (self._reader, self._predictor):
            if thread.is_alive():
                thread.join(CLOSE_TIMEOUT_S)

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
        inference_s = self._predictions.mean_seconds()
        return LiveStatus(
            source=self._source.label,
            state="failed" if self._failure else state.name,
            detail=self._failure or state.detail,
            prepared=state.prepared,
            fps=self._frames.per_second(),
            predictions_per_s=self._predictions.per_second(),
            inference_ms=None if inference_s is None else inference_s * 1000,
            camera=view.frame.camera.value if view.frame is not None else "",
            lost=self._source.losses(),
            possibly_lost=self._source.possibly_lost(),
            recording=self._recorder.status() if self._recorder is not None else None,
            weights=self._weights_name,
            weights_error=self._weights_error,
            loading=self._loading,
        )

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
        """Load another version in the predictor's thread; predictions go on with the old one until it is ready."""
        self._loading = True
        self._new_weights.put(folder)

    def _read(self) -> None:
        try:
            with self._source as source:
                for frame in source:
                    self._frames.count()
                    if (recorder := self._recorder) is not None:
                        recorder.offer(frame)
                    with self._view_lock:
                        self._view = replace(self._view, frame=frame)
                    self._to_predict.put(frame)
                    if self._closing.is_set():
                        break
        except CaptureError as error:
            self._failure = str(error)
        except Exception as error:
            self._failure = f"the stream failed: {error!r}"
            raise
        finally:
            self.stop_recording()

    def _predict(self) -> None:
        predictor: Predictor | None = None
        priority.give_way_as_predictor()
        while not self._closing.is_set():
            folder = self._new_weights.take(0)
            if folder is not None:
                predictor = self._load(folder) or predictor
            frame = self._to_predict.take(timeout_s=0.1)
            if frame is None or predictor is None or self.behind:
                continue
            try:
                prediction = predictor.of_frame(frame)
            except ValueError:  # this picture cannot be decoded; the next one may be whole
                continue
            except Exception as error:
                # Whatever inference runs into, the view and the recording go on without it.
                predictor, self._weights_error = None, f"prediction stopped: {error}"
                continue
            self._predictions.count(prediction.seconds)
            with self._view_lock:
                self._view = replace(self._view, prediction=prediction, predicted_frame=frame)

    def _load(self, folder: Path) -> Predictor | None:
        try:
            predictor = Predictor(folder, PREDICTOR_THREADS)
        except CaptureError as error:
            self._weights_error = str(error)
            return None
        finally:
            self._loading = False
        self._weights_name, self._weights_error = folder.name, ""
        return predictor
