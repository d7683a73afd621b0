"""The recordings panel on a disk that stalls: the window responds, the order is kept, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session.training_roles import HELD_OUT, TRAIN, read_roles
from app.widgets.recording_row import ROLE, SUMMARY
from app.window.application import application
from app.window.recordings import panel as panel_module
from app.window.recordings.panel import RecordingsPanel
from capture.errors import LidarliveError
from tests.support.frames import make_frame, write_recording

Key = Qt.Key
WAIT_MS = 30_000


class Disk:
    """Stalls until it is released; what is done on it afterwards is in order."""

    def __init__(self) -> None:
        self.stalls, self.done = threading.Event(), list[str]()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def slow(self, name: str, do: Callable[..., object]) -> Callable[..., object]:
        def slowly(*arguments: object) -> object:
            assert threading.current_thread() is not threading.main_thread()
            self.stalls.set()
            assert self._released.wait(30)
            self.done.append(name)
            return do(*arguments)

        return slowly


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    stalled = Disk()
    for name in ("rename", "write_role", "move_role"):
        monkeypatch.setattr(panel_module, name, stalled.slow(name, getattr(panel_module, name)))
    yield stalled
    stalled.release()


@pytest.fixture
def panel(qtbot: QtBot, tmp_path: Path) -> Iterator[RecordingsPanel]:
    for number, name in enumerate(("desk", "door")):
        made = write_recording(tmp_path / "data", name, [make_frame(i) for i in range(3)])
        made.rename(tmp_path / "data" / f"2026-01-0{number + 1}T10-00-00Z_{name}")
    application()
    shown = RecordingsPanel(tmp_path / "data", lambda path: None, lambda path: "")
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitUntil(lambda: shown.list.count() == 2, timeout=WAIT_MS)
    shown.list.setCurrentRow(0)
    yield shown
    shown.shut_down()


def names(panel: RecordingsPanel) -> list[str]:
    return [panel.list.item(row).data(SUMMARY).name for row in range(panel.list.count())]


def test_a_recording_being_renamed_cannot_be_used_meanwhile(qtbot: QtBot, panel: RecordingsPanel, disk: Disk) -> None:
    panel.ask_name()
    panel.question.field.setText("gate")
    qtbot.keyClick(panel.question.field, Key.Key_Return)
    qtbot.waitUntil(disk.stalls.is_set, timeout=WAIT_MS)
    assert panel.list.item(0).data(SUMMARY).problem == "Is being renamed…"
    buttons = (panel.play_button, panel.role_button, panel.rename_button, panel.trash_button)
    assert not any(each.isEnabled() for each in buttons)
    with qtbot.waitSignal(panel.failed) as failed:
        qtbot.keyClick(panel.list, Key.Key_Delete)
    assert failed.args == ["door is being renamed"]
    panel.list.setCurrentRow(1)
    assert all(each.isEnabled() for each in buttons), "the others can be"
    panel.refresh()  # a listing in between changes nothing
    qtbot.waitUntil(lambda: not panel._background.is_running("recordings"), timeout=WAIT_MS)
    assert panel.list.item(0).data(SUMMARY).problem == "Is being renamed…"
    disk.release()
    qtbot.waitUntil(lambda: names(panel) == ["gate", "desk"], timeout=WAIT_MS)
    panel.list.setCurrentRow(0)
    assert all(each.isEnabled() for each in buttons)


def test_marks_are_shown_at_once_and_written_in_order(
    qtbot: QtBot, panel: RecordingsPanel, disk: Disk, tmp_path: Path
) -> None:
    for expected in (TRAIN, HELD_OUT, "", TRAIN, HELD_OUT):
        qtbot.keyClick(panel.list, Key.Key_T)
        assert panel.list.item(0).data(ROLE) == expected
    panel.refresh()  # reads the disk, which has none of them
    qtbot.waitUntil(lambda: not panel._background.is_running("recordings"), timeout=WAIT_MS)
    assert panel.list.item(0).data(ROLE) == HELD_OUT
    disk.release()
    qtbot.waitUntil(lambda: not panel._background.is_running("mark"), timeout=WAIT_MS)
    assert read_roles(tmp_path / "data") == {"2026-01-02T10-00-00Z_door": HELD_OUT}
    assert disk.done == ["write_role"] * 5
    qtbot.waitUntil(lambda: not panel._background.is_running("recordings"), timeout=WAIT_MS)
    assert panel.list.item(0).data(ROLE) == HELD_OUT


def test_closing_the_window_loses_nothing(qtbot: QtBot, panel: RecordingsPanel, disk: Disk, tmp_path: Path) -> None:
    qtbot.keyClick(panel.list, Key.Key_T)
    panel.ask_name()
    panel.question.field.setText("gate")
    qtbot.keyClick(panel.question.field, Key.Key_Return)
    threading.Timer(0.3, disk.release).start()
    panel.shut_down()
    assert disk.done == ["write_role", "rename", "move_role"]
    assert (tmp_path / "data" / "2026-01-02T10-00-00Z_gate").is_dir()
    assert read_roles(tmp_path / "data") == {"2026-01-02T10-00-00Z_gate": TRAIN}


def test_a_mark_that_cannot_be_saved_is_an_error_and_is_taken_back(
    qtbot: QtBot, panel: RecordingsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path, role: str) -> None:
        raise LidarliveError("roles.json cannot be written (No space left on device)")

    monkeypatch.setattr(panel_module, "write_role", fails)
    with qtbot.waitSignal(panel.failed, timeout=WAIT_MS) as failed:
        qtbot.keyClick(panel.list, Key.Key_T)
    assert failed.args == ["roles.json cannot be written (No space left on device)"]
    qtbot.waitUntil(lambda: panel.list.item(0).data(ROLE) == "", timeout=WAIT_MS)
