"""The Retrain dialog on a disk that stalls: the window responds, buttons wait, and nothing is lost at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.window.application import application
from app.window.retrain import resume_banner
from app.window.retrain.dialog import RetrainDialog
from app.window.retrain.resume_banner import ResumeBanner
from capture.errors import LidarliveError
from model import store
from model.config import TrainConfig
from model.training.interrupted import Interrupted
from tests.support.weights import write_weights

WAIT_MS = 30_000
Left = Qt.MouseButton.LeftButton


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Set when the disk responds again."""
    responds = threading.Event()
    yield responds
    responds.set()


def slow(gate: threading.Event, do: Callable[..., object]) -> Callable[..., object]:
    def slowly(*arguments: object) -> object:
        assert threading.current_thread() is not threading.main_thread()
        assert gate.wait(30)
        return do(*arguments)

    return slowly


@pytest.fixture
def used() -> list[Path]:
    """Folders of weights that the session was to use."""
    return []


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path, own_home: Path, used: list[Path]) -> Iterator[RetrainDialog]:
    application()
    shown = RetrainDialog(SimpleNamespace(use_weights=used.append), tmp_path)
    qtbot.addWidget(shown)
    shown.show()
    shown.new_weights = write_weights(own_home / "weights" / "new")
    shown.pages.setCurrentWidget(shown.outcome)
    yield shown
    shown.shut_down()
    shown.finish()


def test_weights_are_put_in_use_beside_the_window(
    qtbot: QtBot, dialog: RetrainDialog, gate: threading.Event, used: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "use", slow(gate, store.use))
    page = dialog.outcome
    qtbot.mouseClick(page.use_button, Left)
    qtbot.mouseClick(page.use_button, Left)  # disabled by now
    assert not any(each.isEnabled() for each in (page.use_button, page.keep_button, page.back_button))
    assert used == []
    gate.set()
    qtbot.waitUntil(lambda: dialog.notes.text == "In use: new", timeout=WAIT_MS)
    assert used == [store.active()] == [dialog.new_weights]
    qtbot.waitUntil(page.back_button.isEnabled, timeout=WAIT_MS)
    assert page.back_button.isVisible()


def test_weights_that_cannot_be_put_in_use_are_an_error(
    qtbot: QtBot, dialog: RetrainDialog, used: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(version: Path) -> Path:
        raise LidarliveError("active.json cannot be written (No space left on device)")

    monkeypatch.setattr(store, "use", fails)
    qtbot.mouseClick(dialog.outcome.use_button, Left)
    qtbot.waitUntil(lambda: "No space left on device" in dialog.errors.text, timeout=WAIT_MS)
    qtbot.waitUntil(dialog.outcome.use_button.isEnabled, timeout=WAIT_MS)
    assert dialog.outcome.use_button.isVisible()
    assert used == []


def test_weights_that_were_chosen_are_in_use_after_the_window_has_closed(
    qtbot: QtBot, dialog: RetrainDialog, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "use", slow(gate, store.use))
    qtbot.mouseClick(dialog.outcome.use_button, Left)
    threading.Timer(0.3, gate.set).start()
    dialog.shut_down()
    dialog.finish()
    assert store.active() == dialog.new_weights


@pytest.fixture
def banner(qtbot: QtBot, own_home: Path) -> Iterator[ResumeBanner]:
    application()
    shown = ResumeBanner()
    qtbot.addWidget(shown)
    config = TrainConfig(data=("/data/desk",), out=str(own_home / "weights" / "v"), resumable=True)
    shown.show_newest([Interrupted(config, "gradient", 1, datetime(2026, 1, 1, tzinfo=UTC))])
    yield shown
    shown.background.shut_down()


def test_an_interrupted_training_is_discarded_beside_the_window(
    qtbot: QtBot, banner: ResumeBanner, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    discarded: list[Path] = []
    monkeypatch.setattr(resume_banner, "discard", slow(gate, discarded.append))
    qtbot.mouseClick(banner.discard_button, Left)
    assert banner.discard_button.text() == "Discarding…"
    assert not banner.discard_button.isEnabled()
    assert not banner.resume_button.isEnabled()
    banner.show_newest([])  # a listing that was read before
    assert banner.isVisible()
    gate.set()
    qtbot.waitUntil(lambda: not banner.isVisible(), timeout=WAIT_MS)
    assert [path.name for path in discarded] == ["v"]


def test_a_training_that_cannot_be_discarded_is_still_offered(
    qtbot: QtBot, banner: ResumeBanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(out: Path) -> None:
        raise LidarliveError(f"{out} is being trained")

    monkeypatch.setattr(resume_banner, "discard", fails)
    with qtbot.waitSignal(banner.background.failed, timeout=WAIT_MS) as failed:
        qtbot.mouseClick(banner.discard_button, Left)
    assert failed.args[0].endswith("is being trained")
    qtbot.waitUntil(banner.resume_button.isEnabled, timeout=WAIT_MS)
    assert banner.isVisible()
    assert banner.discard_button.text() == "Discard"
