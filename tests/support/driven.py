"""A person at the real window.

`python -m tests.support.driven STORY ARGUMENT...` is `lidarlive ARGUMENT...`, by its own main.

A story is a generator: it presses keys and clicks, and yields what it then waits to see, with its name. Where that
never comes the program ends with status 9 and says so. Only for subprocesses of tests, on an X display.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QDialog, QWidget

from app.main import main
from app.widgets.recording_row import SUMMARY
from app.window.application import application
from app.window.main_window import Window
from app.window.retrain import training_process
from app.window.retrain.dialog import RetrainDialog
from capture.recording import Recording
from model import store
from model.events import Started
from model.preset_facts import PRESETS
from tests.support.tiny_facts import NAME, TINY_FACTS

Key = Qt.Key
Control = Qt.KeyboardModifier.ControlModifier
Story = Iterator[tuple[str, Callable[[], bool]]]
LOOK_MS = 30
PATIENCE_S = 240.0  # a first epoch on a busy computer
FAILED = 9


def press(widget: QWidget, key: Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, key, modifier)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def in_front(window: Window) -> Story:
    """No window manager does it here, and keys go to the window in front alone."""
    window.activateWindow()
    yield "the window in front", window.isActiveWindow


def recordings() -> list[Recording]:
    folder = Path(os.environ["LIDARLIVE_HOME"]) / "recordings"
    return [Recording(document.parent) for document in folder.glob("*/recording.json")]


def names(window: Window) -> list[str]:
    """Of the recordings in the panel."""
    items = (window.recordings.list.item(row) for row in range(window.recordings.list.count()))
    return [item.data(SUMMARY).name for item in items if item is not None]


def record_and_look(window: Window) -> Story:
    """Record the demo room under a name, play the recording, step in it, rename it, throw it away; freeze; leave."""
    yield "a frame", lambda: window.panels["lidar"].has_picture
    yield from in_front(window)
    window.toolbar.name_field.setFocus()
    QTest.keyClicks(window.toolbar.name_field, "sofa")
    press(window.toolbar.name_field, Key.Key_Return)
    press(window, Key.Key_R)
    yield "a second of recording", lambda: "0:01" in window.toolbar.record_label.whole_text
    press(window, Key.Key_R)
    yield "the finished recording", lambda: bool(recordings()) and recordings()[0].info.status == "closed"
    press(window, Key.Key_S)
    yield "a snapshot", lambda: window.notes.text.startswith("Snapshot:")
    press(window, Key.Key_F)
    yield "the frozen view", lambda: window.hints.text.startswith("Frozen")
    press(window, Key.Key_F)
    yield "the view going on", lambda: not window.hints.text

    press(window, Key.Key_L, Control)
    panel = window.recordings
    yield "the recording in the panel", lambda: panel.list.count() == 1
    panel.list.setCurrentRow(0)
    press(panel.list, Key.Key_T)
    press(panel.list, Key.Key_Return)
    yield "playback", lambda: window.playback_bar.isVisible() and window.panels.drawn.frame is not None
    press(window, Key.Key_Space)
    at = window.playback_bar.slider.value()
    press(window, Key.Key_Right)
    yield "the next frame", lambda: window.playback_bar.slider.value() == at + 1
    press(panel.list, Key.Key_Delete)
    yield "a refusal", lambda: "is being played" in window.errors.text

    window.sources.open("demo")
    yield "the demo room again", lambda: not window.playback_bar.isVisible() and window.panels.isVisible()
    press(panel.list, Key.Key_F2)
    QTest.keyClicks(panel.question.field, "couch")
    press(panel.question.field, Key.Key_Return)
    yield "the new name", lambda: [recording.info.name for recording in recordings()] == ["couch"]
    yield "the new name in the panel", lambda: names(window) == ["couch"]
    panel.list.setCurrentRow(0)
    press(panel.list, Key.Key_Delete)
    click(panel.question.yes)
    yield "an empty list", lambda: panel.nothing.isVisible()
    press(window, Key.Key_F1)
    yield "help", lambda: any(isinstance(each, QDialog) for each in QApplication.topLevelWidgets())
    press(window, Key.Key_Q, Control)


def close_while_recording(window: Window) -> Story:
    yield "a frame", lambda: window.panels["lidar"].has_picture
    yield from in_front(window)
    press(window, Key.Key_R)
    yield "a second of recording", lambda: "0:01" in window.toolbar.record_label.whole_text
    press(window, Key.Key_Q, Control)


def open_retrain(window: Window) -> Story:
    """Beside a paused recording: the trainer has the processor for itself."""
    yield "a frame", lambda: window.panels["lidar"].has_picture
    yield from in_front(window)
    press(window, Key.Key_Space)
    press(window, Key.Key_T, Control)
    yield "the dialog", lambda: window.retrain_dialog is not None and bool(window.retrain_dialog.choice.table.summaries)


def dialog_of(window: Window) -> RetrainDialog:
    assert window.retrain_dialog is not None
    return window.retrain_dialog


def from_nothing(dialog: RetrainDialog, preset: str) -> None:
    """Choose by the keyboard what goes on from no other weights."""
    for box, text in ((dialog.choice.from_box, "nothing"), (dialog.choice.preset_box, preset)):
        box.setFocus()
        QTest.keyClicks(box, text)
        assert box.currentText() == text


def retrain(window: Window) -> Story:
    """Choose, start (twice), watch, stop and keep the best, compare, use, go back."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    click(dialog.choice.start_button)
    click(dialog.choice.start_button)
    yield "an epoch", lambda: dialog.progress.plot.epochs > 0
    click(dialog.progress.stop_button)  # early: both networks are still to have one
    yield "a prediction of the held-out frame", lambda: dialog.progress.predicted.has_picture
    yield "the comparison", lambda: dialog.pages.currentWidget() is dialog.outcome
    before, new = store.active(), dialog.new_weights
    click(dialog.outcome.use_button)
    assert store.active() == new != before
    yield "the new weights in the view", lambda: window.session.status().predicting.weights == new.name
    click(dialog.outcome.back_button)
    assert store.active() == before
    yield "the weights before in the view", lambda: window.session.status().predicting.weights == before.name
    dialog.close()
    yield from in_front(window)
    press(window, Key.Key_Q, Control)


def train_original(window: Window) -> Story:
    """The pair as first published, from nothing; compared with the weights in use, and used."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    from_nothing(dialog, "original")
    click(dialog.choice.start_button)
    yield "the training", lambda: dialog.trainer.running
    click(dialog.progress.stop_button)
    yield "the comparison", lambda: dialog.pages.currentWidget() is dialog.outcome
    new = dialog.new_weights
    click(dialog.outcome.use_button)
    assert store.active() == new
    yield "the new weights in the view", lambda: window.session.status().predicting.weights == new.name
    yield "their prediction", lambda: window.session.latest().prediction is not None
    dialog.close()
    yield from in_front(window)
    press(window, Key.Key_Q, Control)


def die_in_training(window: Window) -> Story:
    """The window is killed once a checkpoint is there."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    from_nothing(dialog, NAME)
    click(dialog.choice.start_button)
    yield "two epochs", lambda: dialog.progress.plot.epochs > 1
    os.kill(os.getpid(), signal.SIGKILL)


def go_on_training(window: Window) -> Story:
    """What a window that was killed left behind is offered, goes on, and becomes a version."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    started: list[Started] = []
    dialog.trainer.event_received.connect(lambda event: started.append(event) if isinstance(event, Started) else None)
    yield "the offer to go on", lambda: dialog.offer.isVisible()
    click(dialog.offer.resume_button)
    yield "the training", lambda: bool(started)
    assert started[0].resumed
    click(dialog.progress.stop_button)
    yield "the comparison", lambda: dialog.pages.currentWidget() is dialog.outcome
    dialog.close()
    yield from in_front(window)
    press(window, Key.Key_Q, Control)


ALL = record_and_look, close_while_recording, retrain, train_original, die_in_training, go_on_training
STORIES = {story.__name__: story for story in ALL}


class Reader:
    """Goes on with the story whenever what it waits for is there."""

    def __init__(self, tell: Callable[[Window], Story]) -> None:
        self._tell = tell
        self._story: Story | None = None
        self._wanted: tuple[str, Callable[[], bool]] = "the window", lambda: self._window() is not None
        self._since_s = time.monotonic()
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MS)

    def _look(self) -> None:
        name, holds = self._wanted
        try:
            there = holds()
        except Exception as error:  # Qt would only print it
            self._fail(f"{name}: {error!r}")
        if not there:
            if time.monotonic() - self._since_s > PATIENCE_S:
                self._fail(f"never: {name}")
            return
        if self._story is None:
            window = self._window()
            assert window is not None
            self._story = self._tell(window)
        try:
            self._wanted, self._since_s = next(self._story), time.monotonic()
            print(f"then: {self._wanted[0]}", file=sys.stderr, flush=True)
        except StopIteration:
            self._wanted, self._since_s = ("the end", lambda: False), time.monotonic()
        except Exception as error:  # Qt would only print it
            self._fail(repr(error))

    def _window(self) -> Window | None:
        return next((each for each in QApplication.topLevelWidgets() if isinstance(each, Window)), None)

    def _fail(self, why: str) -> None:
        window = self._window()
        if window is not None:
            said = window.errors.text, window.hints.text, window.status_lines.status_label.whole_text
            print(f"The window says: {said}. Its status: {window.session.status()}", file=sys.stderr)
        print(why, file=sys.stderr, flush=True)
        os._exit(FAILED)


if __name__ == "__main__":
    sys.argv, told = [sys.argv[0], *sys.argv[2:]], sys.argv[1]
    # tests.support.tiny: networks that take seconds
    if "TRAINER" in os.environ:
        training_process.MODULE = os.environ["TRAINER"]
        PRESETS[NAME] = TINY_FACTS
    qt = application()  # kept: it ends with the last who knows it
    reader = Reader(STORIES[told])
    main()
