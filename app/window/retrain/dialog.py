"""The Retrain dialog: set up a training, watch it, and decide whether to use its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QDialog, QStackedWidget, QVBoxLayout, QWidget

from app.session.live_session import LiveSession
from app.session.other_walk import other_walk
from app.session.recording_summary import RecordingSummary
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
from model import store
from model.config import TrainConfig
from model.events import Done, Event
from model.training.interrupted import Interrupted, interrupted

SIZE = (860, 680)
KEPT = "The weights in use are unchanged. The new ones stay on disk: lidarlive weights list"


class RetrainDialog(QDialog):
    """One page before, one during, one after a training. Never modal.

    `new_weights` is the folder of the version to decide about, None where there is none.

    `record` asks the window for a second recording; it carries the spec of the source to change to, empty for none.

    A thread named `listing` reads the recordings, and one named `weights` puts others in use, as both may block on the
    disk; the result's buttons are disabled meanwhile. Everything else is in the Qt thread.
    """

    record = pyqtSignal(str)
    listed = pyqtSignal(list, list)  # of RecordingSummary; of Interrupted

    def __init__(self, session: LiveSession, recordings: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._recordings = session, recordings
        self.background = Background()
        self.new_weights: Path | None = None
        self._is_shut_down = False
        self.trainer = TrainingProcess(self)
        self.setWindowTitle("Retrain")
        self.setModal(False)
        self.resize(*SIZE)
        self._build(recordings)
        self.listed.connect(self._show_listed)
        self.trainer.event_received.connect(self._show_event)
        self.trainer.ended.connect(self._show_end)

    def open_again(self) -> None:
        """Show the dialog with the current recordings; on its first page, if the last result was decided about."""
        if self.pages.currentWidget() is self.outcome and self.new_weights is None:
            self.pages.setCurrentWidget(self.choice)
        self.show()
        self.raise_()
        self.activateWindow()
        self._list_again()

    def shut_down(self, leave_running: Callable[[], None] | None = None) -> None:
        """End the training, which can be resumed later; bounded by the trainer's time-out. `finish` waits for the rest.

        `leave_running`: the training continues instead, and this is called at its end.
        """
        self._is_shut_down = True
        if leave_running is None:
            self.trainer.shut_down()
        else:
            self.trainer.ended.connect(lambda message: leave_running())
        self.close()

    def finish(self) -> None:
        """Wait for all threads: what was requested is done. May be called in any thread."""
        self.trainer.background.shut_down()
        for part in (self.choice, self.progress, self.outcome, self.offer):
            part.background.shut_down()
        self.background.shut_down()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Hide instead of closing: a training continues, and Retrain shows the dialog again."""
        if event is not None:
            event.ignore()
        self.hide()

    def start(self, config: TrainConfig) -> None:
        """Start a training; does nothing while one runs."""
        if self.trainer.running:
            return
        self._notify("")
        self.new_weights = None
        self.offer.hide()
        self.progress.begin()
        self.pages.setCurrentWidget(self.progress)
        self.trainer.start(config)

    def record_second(self) -> None:
        """Hide the dialog, and ask for another recording, to judge on."""
        sources = [summary.source for summary in self.choice.table.ticked_summaries()]
        self.choice.make_room_for_another()
        self.close()
        self.record.emit(other_walk(sources, self._session.status().source, self._session.replay is not None))

    def use_new_weights(self) -> None:
        """Put the new version in use, now and for the next start."""
        if (version := self.new_weights) is not None:
            self._put_in_use(lambda: store.use(version), used=True)

    def go_back(self) -> None:
        """Return to the version that was in use before."""
        self._put_in_use(store.rollback, used=False)

    def keep_current(self) -> None:
        """Leave the weights in use as they are, and return to the first page."""
        self.new_weights = None
        self.pages.setCurrentWidget(self.choice)
        self._notify(KEPT)
        self._list_again()

    def _put_in_use(self, choose: Callable[[], Path], used: bool) -> None:
        def done(folder: Path) -> None:
            self._session.use_weights(folder)
            self.outcome.in_use(used)
            self._notify(f"In use: {folder.name}")

        self.outcome.enable_buttons(False)
        self.background.run_in_order("weights", choose, done, lambda: self.outcome.enable_buttons(True))

    def _list_again(self) -> None:
        if not self.trainer.running:
            self.background.start("listing", self._list)

    def _list(self) -> None:
        self.listed.emit(list_summaries(self._recordings), interrupted(paths.weights_folder()))

    def _show_listed(self, summaries: list[RecordingSummary], resumable: list[Interrupted]) -> None:
        self.choice.show_recordings(summaries)
        self.offer.show_newest(resumable)

    def _show_event(self, event: Event) -> None:
        self.progress.show_event(event)
        if isinstance(event, Done):
            self.new_weights = Path(event.weights)
            self.outcome.show_report(self.new_weights, event.report)

    def _show_end(self, message: str) -> None:
        if self._is_shut_down:
            return
        if message:
            self.errors.show_message(message)
            self.pages.setCurrentWidget(self.choice)
            self._list_again()
        else:
            self.pages.setCurrentWidget(self.outcome)
        self.show()  # it may have been hidden meanwhile

    def _notify(self, text: str) -> None:
        self.errors.show_message("")
        self.notes.show_message(text)

    def _build(self, recordings: Path) -> None:
        self.errors, self.notes, self.offer = MessageBar(RED), MessageBar(BLUE), ResumeBanner()
        self.choice, self.progress, self.outcome = SetupPage(recordings), ProgressPage(), ResultPage()
        self.choice.start.connect(self.start)
        self.choice.record.connect(self.record_second)
        self.offer.resume.connect(self.start)
        self.offer.background.failed.connect(self.errors.show_message)
        self.background.failed.connect(self.errors.show_message)
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
