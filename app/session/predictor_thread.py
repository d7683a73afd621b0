"""Prediction of the newest frame: drops frames while it is busy, and changes weights without a gap.

frame ──► mailbox ──► predictor thread ──► on_prediction(prediction, its frame)
                          ▲
folder ──► mailbox ──► loader thread       (loads it as a Predictor, while the previous one continues)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.session.mailbox import Mailbox, RateMeter
from capture import thread_priority
from capture.errors import LidarliveError
from capture.frame import Frame
from model.predictor import Prediction, Predictor, UndecodableError

THREADS = max(1, (psutil.cpu_count(logical=False) or 2) // 2)  # the other half captures, encodes and draws
WAIT_S = 0.1  # how late a waiting thread may notice that it has to end
UNDECODABLE_FRAMES = 10  # in a row are a fault to show; a damaged one now and then is counted as lost elsewhere

logger = logging.getLogger("lidarlive.predictor")


@dataclass(frozen=True)
class PredictorStatus:
    """`weights` is the name of the version in use; `loading`: another one is being loaded."""

    weights: str = ""
    error: str = ""
    loading: bool = False
    per_s: float = 0.0
    mean_ms: float | None = None  # of a prediction; None if there was none lately


class PredictorThread:
    """Every method returns at once except `close`.

    Threads: `predictor` may block on its mailbox and on inference, `loader` on its mailbox, the disk and OpenVINO; both
    have a lower priority than all others. `on_prediction` is called in the predictor's thread. While `must_wait`
    returns true, nothing is predicted: frames that wait to be recorded come first. Both threads outlive any exception:
    it is logged, `status` shows it, and the next `use` starts anew.
    """

    def __init__(
        self,
        on_prediction: Callable[[Prediction, Frame], None],
        must_wait: Callable[[], bool],
        weights: Path | None = None,
        error: str = "",
    ) -> None:
        """`error`: why there are no weights at the start."""
        self._on_prediction, self._must_wait = on_prediction, must_wait
        self._frames: Mailbox[Frame] = Mailbox()
        self._folders: Mailbox[Path] = Mailbox()
        self._ready: Mailbox[Predictor] = Mailbox()
        self._weights, self._error = "", error
        self._loading = False
        self._rate = RateMeter()
        self._closing = threading.Event()
        self._threads = (
            threading.Thread(target=self._predict, name="predictor", daemon=True),
            threading.Thread(target=self._load, name="loader", daemon=True),
        )
        if weights is not None:
            self.use(weights)

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def close(self, timeout_s: float) -> None:
        """End both threads; waits at most `timeout_s` for each."""
        self._closing.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout_s)

    def offer(self, frame: Frame) -> None:
        """Predict this frame next; it replaces one that was not predicted yet."""
        self._frames.put(frame)

    def use(self, folder: Path) -> None:
        """Load the version in `folder` and use it; `status` shows when it is in use, or why it cannot be."""
        self._loading = True
        self._folders.put(folder)

    def status(self) -> PredictorStatus:
        """Return a snapshot of the state."""
        mean_s = self._rate.mean_seconds()
        return PredictorStatus(
            self._weights,
            self._error,
            self._loading,
            self._rate.per_second(),
            None if mean_s is None else 1000 * mean_s,
        )

    def _predict(self) -> None:
        thread_priority.give_way_as_predictor()
        predictor: Predictor | None = None
        last: Frame | None = None
        undecodable = 0
        while not self._closing.is_set():
            frame = self._frames.take(WAIT_S)
            if (ready := self._ready.take(0)) is not None:
                predictor, undecodable = ready, 0
                self._weights, self._error = ready.folder.name, ""
                frame = frame or last  # predict it again if no other comes, as in a paused recording
            last = frame or last
            if frame is None or predictor is None:
                continue
            try:
                if self._must_wait():
                    continue
                prediction = predictor.of_frame(frame)
                self._rate.count(prediction.seconds)
                self._on_prediction(prediction, frame)
            except UndecodableError as error:  # the next one may be whole
                undecodable += 1
                if undecodable == UNDECODABLE_FRAMES:
                    self._error = f"No picture can be decoded, so that nothing is predicted: {error}"
                    logger.warning("%s", self._error)
                continue
            except Exception as error:
                # The view and the recording continue without predictions, whatever the error is.
                predictor, self._weights, self._error = None, "", f"prediction stopped: {_reason(error)}"
                logger.exception("%s", self._error)
                continue
            if undecodable >= UNDECODABLE_FRAMES:
                self._error = ""
            undecodable = 0

    def _load(self) -> None:
        thread_priority.give_way_as_predictor()
        while not self._closing.is_set():
            if (folder := self._folders.take(WAIT_S)) is None:
                continue
            try:
                self._ready.put(Predictor(folder, THREADS))
                logger.info("weights %s are loaded", folder)
            except LidarliveError as error:
                self._error = str(error)
                logger.warning("%s", error)
            except Exception as error:  # of OpenVINO or of a damaged version: the next one may load
                self._error = f"the weights {folder.name} cannot be loaded: {_reason(error)}"
                logger.exception("%s", self._error)
            finally:
                self._loading = False


def _reason(error: Exception) -> str:
    """Return the error's message in one line, with its type where it is a single word or empty."""
    text = " ".join(str(error).split())
    return text if " " in text else f"{type(error).__name__}: {text}"
