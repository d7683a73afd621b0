"""A person at the real window.

`python -m tests.support.driven MODULE:STORY ARGUMENT...` is `lidarlive ARGUMENT...`, through its own main.

A story is a generator: it presses keys and clicks, and yields what it then waits to see, with its name. Where that
never appears, the program ends with status 9 and names it. Only for subprocesses of tests, on an X display.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QWidget

from app.main import main
from app.window.application import application
from app.window.main_window import Window
from app.window.retrain import training_process
from app.window.retrain.dialog import RetrainDialog
from capture.recording import Recording
from model.preset_facts import PRESETS
from tests.support.priorities import keep_equal
from tests.support.tiny_facts import NAME, TINY_FACTS

Control = Qt.KeyboardModifier.ControlModifier
Story = Iterator[tuple[str, Callable[[], bool]]]
LOOK_MS = 30
PATIENCE_S = 500.0  # a first epoch of large networks on a busy computer
FAILED = 9


def press(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
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


def open_retrain(window: Window) -> Story:
    """Beside a paused recording: the trainer has the processor for itself."""
    yield "a frame", lambda: window.panels["lidar"].has_picture
    yield from in_front(window)
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_T, Control)
    yield "the dialog", lambda: window.retrain_dialog is not None and bool(window.retrain_dialog.choice.table.summaries)


def dialog_of(window: Window) -> RetrainDialog:
    assert window.retrain_dialog is not None
    return window.retrain_dialog


def from_nothing(dialog: RetrainDialog, preset: str) -> None:
    """Choose by the keyboard: continue from nothing, with this preset."""
    for box, text in ((dialog.choice.from_box, "nothing"), (dialog.choice.preset_box, preset)):
        box.setFocus()
        QTest.keyClicks(box, text)
        assert box.currentText() == text


class Reader:
    """Continues the story whenever what it waits for is there."""

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


def story_of(name: str) -> Callable[[Window], Story]:
    """Return the story at `MODULE:STORY`."""
    module, _, story = name.partition(":")
    told: Callable[[Window], Story] = getattr(importlib.import_module(module), story)
    return told


if __name__ == "__main__":
    sys.argv, name = [sys.argv[0], *sys.argv[2:]], sys.argv[1]
    # tests.support.tiny: networks that take seconds
    if "TRAINER" in os.environ:
        training_process.MODULE = os.environ["TRAINER"]
        PRESETS[NAME] = TINY_FACTS
    keep_equal(pytest.MonkeyPatch())  # beside other work a story would last minutes
    qt = application()  # kept: it ends with its last reference
    reader = Reader(story_of(name))
    main()
