"""The main window: a thin view over a LiveSession.

Timers poll the newest frame and status. Nothing here waits, and nothing is drawn twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QApplication, QMainWindow

from app.session.connection_check import ConnectionCheck
from app.session.live_session import LiveFrame, LiveSession, LiveStatus
from app.session.status_text import hint, problem
from app.widgets.background import run_and_wait
from app.widgets.basic import add_dock
from app.window.actions import HELP, PLAY, SESSION, SOURCE, VIEW, add_actions
from app.window.help import about_box, help_page
from app.window.layout import WindowBody
from app.window.log_messages import LogMessages
from app.window.menus import fill_view_menu
from app.window.recordings.panel import RecordingsPanel
from app.window.retrain.dialog import RetrainDialog
from app.window.retrain.second_recording import SecondRecording
from app.window.settings import restore_geometry, save_display_options, save_window
from app.window.snapshots import Snapshots
from app.window.sources.menu import SourceMenu
from app.window.sources.switch import SourceSwitch
from app.window.toolbar import Toolbar
from app.window.views.redraw_schedule import RedrawSchedule
from capture import paths
from capture.errors import LidarliveError

FRAME_POLL_MS = 5  # how long a frame may wait to be drawn; a poll without a new one costs a few microseconds
STATUS_INTERVAL_MS = 250  # numbers that change faster cannot be read
CLOSE_QUESTION = (
    "A training is running. If you leave it running, it ends by itself without the window, and its weights are there "
    "at the next start. If you stop it, you can resume it at the next start."
)


class Window(QMainWindow):
    """The live views, with Record and Retrain.

    Closing it finishes a running recording and ends the session.

    spec         what the source was opened as; empty if unknown
    checkup      checks the connection to the phone until there is a frame
    driver       reads other phones, None: the default one
    end_after    close after so many frames, or when no more can come
    screenshot   where to save a picture of the window then
    """

    failed = pyqtSignal(str)  # one line for the person; any thread may emit it

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
        super().__init__()
        self.session, self._recordings_folder = session, recordings
        self._end_after, self._screenshot = end_after, screenshot
        self._view, self._frames_shown, self._schedule = LiveFrame(), 0, RedrawSchedule()
        self._problem, self._stopping, self._closed, self._frozen = "", False, False, False
        self._was_recording = False
        self._answered = self._leaves_running = False  # the answer to CLOSE_QUESTION
        self.retrain_dialog: RetrainDialog | None = None
        self.snapshots, self._log_messages = Snapshots(paths.snapshots_folder(), self), LogMessages(self)
        self.sources = SourceSwitch(session, spec, checkup, driver)
        self.recordings = RecordingsPanel(recordings, self.sources.open, self.sources.in_use)
        self.second_recording = SecondRecording(self.sources.open, self.toggle_recording)
        self._take_parts(WindowBody(Toolbar(self.toggle_recording, self.open_retrain)))
        self.recordings_dock = add_dock(self, "Recordings", self.recordings)
        restore_geometry(self)
        self.setWindowTitle("lidarlive")
        self._connect()
        self._build_menus()
        self._follow_replay()
        self._view_timer = self._timer(FRAME_POLL_MS, self._refresh_view)
        self._status_timer = self._timer(STATUS_INTERVAL_MS, self._refresh_status)
        self._refresh_status()

    def save_picture(self, path: Path) -> None:
        """Save what the window shows as a PNG. Raises LidarliveError if it cannot be written."""
        if not self.grab().save(str(path), "PNG"):
            raise LidarliveError(f"{path}: cannot write the picture of the window; choose another place")

    def toggle_recording(self) -> None:
        """Start a recording, or begin to finish the running one."""
        recording = self.session.status().recording
        if recording is not None and not recording.finished:
            self._stopping = True
            self.session.stop_recording()
        else:
            try:
                chosen = self.toolbar.filter_button
                self.session.start_recording(self.toolbar.recording_name, chosen.choice, chosen.note)
                chosen.clear_note()
            except LidarliveError as error:
                self.errors.show_message(str(error))
        self._refresh_status()

    def take_snapshot(self) -> None:
        """Save what is shown as files."""
        self.snapshots.take(self._view, self.grab().toImage(), self.session.status().predicting.weights)

    def toggle_freeze(self) -> None:
        """Freeze or resume the view. Recording and prediction continue."""
        self._frozen = not self._frozen
        self._refresh_status()

    def open_retrain(self) -> None:
        """Show the Retrain dialog."""
        self.second_recording.cancel()
        if self.retrain_dialog is None:
            self.retrain_dialog = RetrainDialog(self.session, self._recordings_folder, self)
            self.retrain_dialog.record.connect(self.second_recording.begin)
        self.retrain_dialog.open_again()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        assert event is not None
        if self._closed:
            if self._leaves_running:  # closed again, by Ctrl-C for example: end the training that was left running
                self._shut_down_retrain(leave_running=False)
                QApplication.quit()
            return
        # Ask only after a person's own click; a signal or the end of `end_after` closes at once.
        running = self.retrain_dialog is not None and self.retrain_dialog.trainer.running
        if running and event.spontaneous() and not self._answered:
            leave, stop = (lambda: self._close(leave_running=True)), (lambda: self._close(leave_running=False))
            self.question.confirm(CLOSE_QUESTION, "Leave it running", leave, "Stop it", stop)
            event.ignore()
            return
        super().closeEvent(event)
        self._closed = True
        self._view_timer.stop()
        self._status_timer.stop()
        self.sources.shut_down()
        save_window(self, self.panels.grid.visible, self.plot.isVisibleTo(self), not self.cloud.isHidden())
        save_display_options(self.panels.options)
        self.hide()  # finishing a recording may take seconds on a slow disk
        self._shut_down_retrain(running and self._leaves_running)
        run_and_wait("closing", self._finish)
        self._log_messages.stop()

    def _finish(self) -> None:
        """Wait for everything that was requested: in a thread, as it may block on the disk."""
        self.session.close()
        self.recordings.shut_down()
        self.snapshots.finish()
        if self.retrain_dialog is not None:
            self.retrain_dialog.finish()

    def _close(self, leave_running: bool) -> None:
        self._answered, self._leaves_running = True, leave_running
        self.close()

    def _shut_down_retrain(self, leave_running: bool) -> None:
        """`leave_running`: the program continues without a window until the training has ended."""
        if self.retrain_dialog is None:
            return
        QApplication.setQuitOnLastWindowClosed(not leave_running)
        self.retrain_dialog.shut_down(QApplication.quit if leave_running else None)

    def _refresh_view(self) -> None:
        view = self.session.latest()
        if self._frozen or not self._schedule.is_due(view, self._view, lambda: self.session.behind):
            return
        is_new_frame = view.frame is not self._view.frame
        self._frames_shown += is_new_frame
        self._view = view
        if view.frame is not None and not self.body.shows_views:
            self.body.show_views()
            self.sources.stop_check()
            self._refresh_status()
        self.panels.show_frame(view)
        if is_new_frame:
            self.session.note_drawn(view)
        self.playback_bar.refresh()
        self._refresh_readout()
        if self._end_after is not None and self._frames_shown >= self._end_after:
            self._end()

    def _refresh_readout(self) -> None:
        self.status_lines.show_marks(self._view, self.panels.grid.marks, self.panels.turn)

    def _refresh_status(self) -> None:
        status = self.session.status()
        if self._view.frame is None:
            self.waiting_page.show_status(status, self.sources.steps(status))
        self.panels.show_status(status)
        self.toolbar.source_label.show_text(status.source)
        self.plot.show_history(self.session.accuracy_history())
        self.status_lines.show_status(status, streams=self._view.frame is not None)
        self._show_recording(status)
        self._show_problems(status)
        self.second_recording.follow(status, self.sources.spec, self._view.frame is not None)
        if self._end_after is not None and status.state in ("ended", "failed"):
            self._end()

    def _show_recording(self, status: LiveStatus) -> None:
        recording = status.recording
        running = recording is not None and not recording.finished
        self._stopping &= running
        if self._was_recording is not running:
            self._was_recording = running
            self.recordings.refresh()
        self.panels.grid.set_framed(running)
        self.toolbar.show_recording(recording, running, self._stopping)

    def _show_problems(self, status: LiveStatus) -> None:
        """Show the newest problem until it is over or a person closes the message.

        What was logged about it is longer and stays; so does what was logged since, when the problem is over.
        """
        streams = self._view.frame is not None
        if (newest := problem(status, streams)) != self._problem:
            before, self._problem = self._problem, newest
            is_shown = newest in self.errors.text and not self.errors.isHidden()
            if not is_shown if newest else before in self.errors.text:
                self.errors.show_message(newest)
        notice = self.second_recording.hint or hint(status, streams)
        self.hints.show_message("Frozen: press F to resume" if self._frozen else notice)

    def _show_other_source(self) -> None:
        self._view, self._frozen = LiveFrame(), False
        self._follow_replay()
        self.panels.clear()
        self.body.show_waiting_page()
        self._refresh_status()

    def _follow_replay(self) -> None:
        self.playback_bar.follow(self.session.replay)
        for action in self._play_actions:
            action.setEnabled(self.session.replay is not None)

    def _end(self) -> None:
        self._end_after = None
        if self._screenshot is not None:
            self.save_picture(self._screenshot)
        self.close()

    def _take_parts(self, body: WindowBody) -> None:
        self.body, self.toolbar = body, body.toolbar
        self.errors, self.hints, self.notes, self.question = body.errors, body.hints, body.notes, body.question
        self.waiting_page, self.panels, self.cloud = body.waiting_page, body.panels, body.cloud
        self.playback_bar, self.plot, self.status_lines = body.playback_bar, body.plot, body.status_lines
        self.setCentralWidget(body)

    def _connect(self) -> None:
        self.failed.connect(self.errors.show_message)
        self._log_messages.logged.connect(self.errors.show_message)
        self.recordings.failed.connect(self.errors.show_message)
        self.panels.grid.marks_changed.connect(self._refresh_readout)
        self.cloud.failed.connect(self.failed.emit)
        self.sources.switched.connect(self._show_other_source)
        self.sources.failed.connect(self.failed.emit)
        self.sources.failed.connect(lambda message: self.second_recording.cancel())
        self.second_recording.ended.connect(self.open_retrain)
        self.snapshots.saved.connect(lambda folder: self.notes.show_message(f"Snapshot: {folder}"))
        self.snapshots.failed.connect(self.errors.show_message)

    def _build_menus(self) -> None:
        bar = self.menuBar()
        assert bar is not None
        session, play, source, view, help_menu = (bar.addMenu(title) for title in (SESSION, PLAY, SOURCE, VIEW, HELP))
        assert session is not None and play is not None and source is not None  # noqa: PT018 - only for types
        assert view is not None and help_menu is not None  # noqa: PT018
        session_handlers: dict[str, Callable[[], object]] = {
            "record": self.toolbar.record_button.click,
            "choose_frames": self.toolbar.filter_button.open,
            "snapshot": self.take_snapshot,
            "freeze": self.toggle_freeze,
            "recordings": lambda: self.recordings_dock.setVisible(self.recordings_dock.isHidden()),
            "retrain": self.open_retrain,
            "quit": self.close,
        }
        add_actions(session, SESSION, session_handlers)
        self._play_actions = add_actions(play, PLAY, self.playback_bar.handlers()).values()
        SourceMenu(source, self, self._recordings_folder, self.sources.open, lambda: self.sources.spec)
        fill_view_menu(view, self.panels, self.plot, self.cloud)
        keys, about = (lambda: help_page(str(paths.home()), self).show()), (lambda: about_box(self).show())
        add_actions(help_menu, HELP, {"keys": keys, "about": about})

    def _timer(self, interval_ms: int, tick: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        timer.start(interval_ms)
        return timer
