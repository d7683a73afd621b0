"""The live window: a thin view over a LiveSession.

Timers pull the newest view and status; nothing here waits, and nothing is drawn that was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QApplication

from app.session.connection_check import ConnectionCheck
from app.session.live_session import LiveFrame, LiveSession, LiveStatus
from app.session.status_text import hint, problem
from app.widgets.menu_entries import Entries, add_menu
from app.window.error_log import report_exceptions
from app.window.help import help_entries
from app.window.layout import WindowLayout
from app.window.menus import add_view_menu
from app.window.recordings.panel import RecordingsPanel
from app.window.retrain.dialog import RetrainDialog
from app.window.settings import remember, remember_appearance
from app.window.snapshots import Snapshots
from app.window.sources.menu import SourceMenu
from app.window.sources.switch import SourceSwitch
from app.window.toolbar import Toolbar
from app.window.views.redraw_schedule import RedrawSchedule
from capture import paths
from capture.errors import LidarliveError

VIEW_POLL_MS = 5  # how long a frame may wait to be seen; a look at nothing new costs a few microseconds
LEAVING = (
    "A training is running. Left running, it ends by itself without the window, and its weights are there at the next "
    "start. Stopped, it can go on at the next start."
)
STATUS_INTERVAL_MS = 250  # numbers that change faster cannot be read


class Window(WindowLayout):
    """The views, live; Record and Retrain.

    Closing it finishes a running recording and ends the session. `spec` is what its source was opened as, where that is
    known. `checkup` looks at the connection to the phone until there is a frame; `driver` is what reads other phones
    (None: the usual one). `end_after`: close after so many frames shown (or when no more can come), having saved the
    picture of the window as `screenshot` where that is given.
    """

    failed = pyqtSignal(str)  # one line for the person; may be emitted from any thread

    def __init__(
        self,
        session: LiveSession,
        recordings: Path,
        *,
        spec: str = "",
        checkup: ConnectionCheck | None = None,
        driver: str | None = None,
        end_after: int | None = None,
        screenshot: Path | None = None,
    ) -> None:
        self.sources = sources = SourceSwitch(session, spec, checkup, driver)
        super().__init__(
            Toolbar(self.toggle_recording, self.open_retrain), RecordingsPanel(recordings, sources.open, sources.uses)
        )
        self._session, self._recordings = session, recordings
        self._end_after, self._screenshot = end_after, screenshot
        self._view, self._frames_shown, self._pace = LiveFrame(), 0, RedrawSchedule()
        self._problem, self._stopping, self._closed, self._frozen = "", False, False, False
        self._recorded = False  # a recording was running at the last look
        self._answered = self._leaves_running = False  # a person was asked what becomes of a training, and said
        self._snapshots = Snapshots(paths.snapshots_folder(), self)
        self._retrain: RetrainDialog | None = None
        self.setWindowTitle("lidarlive")
        self._connect()
        self._build_menus()
        self._follow_replay()
        self._stop_reporting = report_exceptions(paths.log_path(), self.failed.emit)
        self._view_timer = self._timer(VIEW_POLL_MS, self._refresh_view)
        self._status_timer = self._timer(STATUS_INTERVAL_MS, self._refresh_status)
        self._refresh_status()

    def save_picture(self, path: Path) -> None:
        """What the window shows, as a PNG. Raises LidarliveError where it cannot be written."""
        if not self.grab().save(str(path), "PNG"):
            raise LidarliveError(f"{path}: the picture of the window cannot be written there; choose another place")

    def toggle_recording(self) -> None:
        """Start a recording, or begin to finish the one that runs."""
        recording = self._session.status().recording
        if recording is not None and not recording.finished:
            self._stopping = True
            self._session.stop_recording()
        else:
            try:
                choosing = self.header.choosing
                self._session.start_recording(self.header.recording_name, choosing.choice, choosing.note)
                choosing.forget_note()
            except LidarliveError as error:
                self.errors.show_message(str(error))
        self._refresh_status()

    def take_snapshot(self) -> None:
        """What is seen now, as files."""
        self._snapshots.take(self._view, self.grab().toImage(), self._session.status().predicting.weights)

    def toggle_freeze(self) -> None:
        """Hold what is seen, so that it can be looked at; or go on. Recording and prediction go on all the while."""
        self._frozen = not self._frozen
        self._refresh_status()

    def open_retrain(self) -> None:
        if self._retrain is None:
            self._retrain = RetrainDialog(self._session, self._recordings, self)
        self._retrain.open_again()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        assert event is not None
        if self._closed:  # a training was left running, and it is asked again: by Ctrl-C, say
            self._shut_down_retrain(leave_running=False)
            return
        # Only a person's own click is asked about; a signal or the end of `end_after` closes at once.
        running = self._retrain is not None and self._retrain.trainer.running
        if running and event.spontaneous() and not self._answered:
            self.ask.confirm(
                LEAVING, "Leave it running", lambda: self._close(True), "Stop it", lambda: self._close(False)
            )
            event.ignore()
            return
        super().closeEvent(event)
        self._closed = True
        self._view_timer.stop()
        self._status_timer.stop()
        self.sources.end_checkup()
        remember(self, self.comparison.seen, self.plot.isVisibleTo(self), not self.cloud.isHidden())
        remember_appearance(self.comparison.appearance)
        self.hide()  # finishing a recording may take seconds on a slow disk
        self._shut_down_retrain(running and self._leaves_running)
        self._session.close()
        self.recordings.shut_down()
        self._snapshots.finish()
        self._stop_reporting()

    def _close(self, leave_running: bool) -> None:
        self._answered, self._leaves_running = True, leave_running
        self.close()

    def _shut_down_retrain(self, leave_running: bool) -> None:
        """`leave_running`: the program goes on without a window until the training has ended."""
        if self._retrain is None:
            return
        QApplication.setQuitOnLastWindowClosed(not leave_running)
        self._retrain.shut_down(QApplication.quit if leave_running else None)
        if not leave_running and self._closed:
            QApplication.quit()

    def _refresh_view(self) -> None:
        view = self._session.latest()
        if self._frozen or not self._pace.is_due(view, self._view, lambda: self._session.behind):
            return
        self._frames_shown += view.frame is not self._view.frame
        self._view = view
        if view.frame is not None and self.pages.currentWidget() is not self.views:
            self.pages.setCurrentWidget(self.views)
            self.sources.end_checkup()
            self._refresh_status()
        self.comparison.show_view(view)
        self.scrubber.refresh()
        self._refresh_readout()
        if self._end_after is not None and self._frames_shown >= self._end_after:
            self._end()

    def _refresh_readout(self) -> None:
        self.footer.show_marks(self._view, self.comparison.marks, self.comparison.turn)

    def _refresh_status(self) -> None:
        status = self._session.status()
        if self._view.frame is None:
            self.notice.show_status(status, self.sources.steps(status))
        self.comparison.show_status(status)
        self.header.source_label.show_text(status.source)
        self.plot.show_history(self._session.accuracy_history())
        self.footer.show_status(status, streams=self._view.frame is not None)
        self._show_recording(status)
        self._show_problems(status)
        if self._end_after is not None and status.state in ("ended", "failed"):
            self._end()

    def _show_recording(self, status: LiveStatus) -> None:
        recording = status.recording
        running = recording is not None and not recording.finished
        self._stopping &= running
        if self._recorded is not running:
            self._recorded = running
            self.recordings.refresh()
        self.comparison.set_framed(running)
        self.header.show_recording(recording, running, self._stopping)

    def _show_problems(self, status: LiveStatus) -> None:
        """The newest problem stays until it is gone or a person closes it."""
        streams = self._view.frame is not None
        if (found := problem(status, streams)) != self._problem:
            self._problem = found
            self.errors.show_message(found)
        self.hints.show_message("Frozen: press F to go on" if self._frozen else hint(status, streams))

    def _see_other_source(self) -> None:
        self._view, self._frozen = LiveFrame(), False
        self._follow_replay()
        self.comparison.clear()
        self.pages.setCurrentWidget(self.notice)
        self._refresh_status()

    def _follow_replay(self) -> None:
        self.scrubber.follow(self._session.replay)
        for action in self._play_actions:
            action.setEnabled(self._session.replay is not None)

    def _end(self) -> None:
        self._end_after = None
        if self._screenshot is not None:
            self.save_picture(self._screenshot)
        self.close()

    def _connect(self) -> None:
        self.failed.connect(self.errors.show_message)
        self.recordings.failed.connect(self.errors.show_message)
        self.comparison.marks_changed.connect(self._refresh_readout)
        self.cloud.failed.connect(self.failed.emit)
        self.sources.switched.connect(self._see_other_source)
        self.sources.failed.connect(self.failed.emit)
        self._snapshots.saved.connect(lambda folder: self.notes.show_message(f"Snapshot: {folder}"))
        self._snapshots.failed.connect(self.errors.show_message)

    def _build_menus(self) -> None:
        bar = self.menuBar()
        session: Entries = {
            "&Record or stop": ("R", self.header.record_button.click),
            "&Choose what to record…": ("Ctrl+Shift+R", self.header.choosing.open),
            "&Snapshot": ("S", self.take_snapshot),
            "&Freeze the view or go on": ("F", self.toggle_freeze),
            "Re&cordings": ("Ctrl+L", lambda: self.recordings_dock.setVisible(self.recordings_dock.isHidden())),
            "Re&train…": ("Ctrl+T", self.open_retrain),
            "&Quit": ("Ctrl+Q", self.close),
        }
        add_menu(bar, "&Session", session)
        self._play_actions = add_menu(bar, "&Play", self.scrubber.entries())
        if bar is not None and (sources := bar.addMenu("S&ource")) is not None:
            SourceMenu(sources, self, self._recordings, self.sources.open, lambda: self.sources.spec)
        add_view_menu(bar, self.comparison, self.plot, self.cloud)
        add_menu(bar, "&Help", help_entries(self, str(paths.home())))

    def _timer(self, interval_ms: int, tick: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        timer.start(interval_ms)
        return timer
