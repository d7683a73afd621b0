"""The Retrain window: what to train on and what to judge by, how far it is, and whether to use the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QDialog, QStackedWidget, QVBoxLayout, QWidget

from app.session.live_session import LiveSession
from app.widgets.background import Background
from app.widgets.basic import MessageBar
from app.widgets.theme import BLUE, GAP, RED
from app.window.retrain.progress_page import ProgressPage
from app.window.retrain.recordings_table import list_summaries
from app.window.retrain.result_page import ResultPage
from app.window.retrain.resume_banner import ResumeBanner
from app.window.retrain.setup_page import SetupPage
from app.window.retrain.training_process import TrainingProcess
from capture import paths
from capture.errors import LidarliveError
from model import store
from model.config import TrainConfig
from model.training.interrupted import Interrupted, interrupted

SIZE = (860, 680)
KEPT = "Kept the weights in use. The new ones stay on disk: lidarlive weights list"


class RetrainDialog(QDialog):
    """One page before, one during, one after a training. Never modal.

    A thread named `listing` reads the recordings, because it may block on the disk; everything else is the Qt thread's.
    """

    listed = pyqtSignal(list, list)  # of Summary; of Interrupted

    def __init__(self, session: LiveSession, recordings: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._recordings = session, recordings
        self.background = Background()
        self._weights: Path | None = None
        self._is_over = False  # nobody looks at it any more
        self.trainer = TrainingProcess(self)
        self.setWindowTitle("Retrain")
        self.setModal(False)
        self.resize(*SIZE)
        self._build(recordings)
        self.listed.connect(self._show_listed)
        self.trainer.told.connect(self._show_event)
        self.trainer.ended.connect(self._show_end)

    def open_again(self) -> None:
        """Show the window, with the recordings that are there now; from the start, if a result was dealt with."""
        if self.pages.currentWidget() is self.outcome and self._weights is None:
            self.pages.setCurrentWidget(self.choice)
        self.show()
        self.raise_()
        self.activateWindow()
        self._list_again()

    def shut_down(self, leave_running: Callable[[], None] | None = None) -> None:
        """End a training that runs, which can go on later, and the listing; bounded by the trainer's time-out.

        `leave_running`: the training goes on instead, and this is called at its end.
        """
        self._is_over = True
        if leave_running is None:
            self.trainer.shut_down()
        else:
            self.trainer.ended.connect(lambda message: leave_running())
        for page in (self.choice, self.progress, self.outcome):
            page.background.shut_down()
        self.background.shut_down()
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Closing hides it: a training goes on, and Retrain shows it again."""
        if event is not None:
            event.ignore()
        self.hide()

    def start(self, config: TrainConfig) -> None:
        """Train; does nothing while a training runs."""
        if self.trainer.running:
            return
        self._say("")
        self._weights = None
        self.offer.hide()
        self.progress.begin()
        self.pages.setCurrentWidget(self.progress)
        self.trainer.start(config)

    def use_new_weights(self) -> None:
        """Put the new version in use, here and for the next start."""
        if self._weights is not None:
            self._put_in_use(lambda: store.use(self._weights), used=True)

    def go_back(self) -> None:
        """Use the version again that was in use before."""
        self._put_in_use(store.rollback, used=False)

    def keep_current(self) -> None:
        self._weights = None
        self.pages.setCurrentWidget(self.choice)
        self._say(KEPT)
        self._list_again()

    def _put_in_use(self, choose: Any, used: bool) -> None:  # noqa: ANN401
        try:
            folder = choose()
        except LidarliveError as error:
            self.errors.show_message(str(error))
            return
        self._session.use_weights(folder)
        self.outcome.in_use(used)
        self._say(f"In use: {folder.name}")

    def _list_again(self) -> None:
        if not self.trainer.running:
            self.background.start("listing", self._list)

    def _list(self) -> None:
        self.listed.emit(list_summaries(self._recordings), interrupted(paths.weights_folder()))

    def _show_listed(self, found: list[Any], left: list[Interrupted]) -> None:
        self.choice.show_recordings(found)
        self.offer.show_newest(left)

    def _show_event(self, event: dict[str, Any]) -> None:
        self.progress.show_event(event)
        if event["event"] == "done":
            self._weights = Path(event["weights"])
            self.outcome.show_report(self._weights, event["report"])

    def _show_end(self, message: str) -> None:
        if self._is_over:
            return
        if message:
            self.errors.show_message(message)
            self.pages.setCurrentWidget(self.choice)
            self._list_again()
        else:
            self.pages.setCurrentWidget(self.outcome)
        self.show()  # hidden while it ran, perhaps

    def _say(self, text: str) -> None:
        self.errors.show_message("")
        self.notes.show_message(text)

    def _build(self, recordings: Path) -> None:
        self.errors, self.notes, self.offer = MessageBar(RED), MessageBar(BLUE), ResumeBanner()
        self.choice, self.progress, self.outcome = SetupPage(recordings), ProgressPage(), ResultPage()
        self.choice.start.connect(self.start)
        self.offer.resume.connect(self.start)
        self.offer.failed.connect(self.errors.show_message)
        self.progress.stop.connect(self.trainer.stop_and_keep_best)
        self.progress.cancel.connect(self.trainer.cancel)
        self.outcome.use.connect(self.use_new_weights)
        self.outcome.keep.connect(self.keep_current)
        self.outcome.back.connect(self.go_back)
        self.pages = QStackedWidget()
        for page in (self.choice, self.progress, self.outcome):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(10)
        for widget in (self.errors, self.notes, self.offer):
            layout.addWidget(widget)
        layout.addWidget(self.pages, 1)
