"""Changing the source: the last choice wins, whichever opens first."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from app.window.sources import switch
from app.window.sources.switch import SourceSwitch
from capture.errors import LidarliveError

WAIT_MS = 30_000


class Opened:
    """A source that remembers whether it was closed."""

    kind = "stand_in"

    def __init__(self, spec: str) -> None:
        self.spec, self.closed = spec, False

    def close(self) -> None:
        self.closed = True


class Session:
    """A live session without a recording; `error` is why it refuses a source."""

    def __init__(self) -> None:
        self.used: list[Opened] = []
        self.error = ""

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(recording=None)

    def use_source(self, source: Opened) -> None:
        if self.error:
            raise LidarliveError(self.error)
        self.used.append(source)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Opened]:
    """Every source that was opened; "slow" opens after the others."""
    opened, may_open = list[Opened](), threading.Event()

    def open_source(spec: str, **_: object) -> Opened:
        if spec == "slow":
            assert may_open.wait(30)
        opened.append(Opened(spec))
        may_open.set()
        return opened[-1]

    monkeypatch.setattr(switch, "open_source", open_source)
    return opened


def test_the_last_choice_wins(qtbot: QtBot, opened: list[Opened]) -> None:
    session = Session()
    chosen = SourceSwitch(session, "", None, None)
    chosen.open("slow")
    chosen.open("quick")
    qtbot.waitUntil(lambda: len(opened) == 2 and opened[1].closed, timeout=WAIT_MS)
    assert [source.spec for source in session.used] == ["quick"]
    assert not opened[0].closed
    assert chosen.spec == "quick"


def test_a_source_that_the_session_refuses_is_closed(qtbot: QtBot, opened: list[Opened]) -> None:
    session = Session()
    session.error = "a recording is running: stop it first"
    chosen = SourceSwitch(session, "", None, None)
    with qtbot.waitSignal(chosen.failed, timeout=WAIT_MS) as failed:
        chosen.open("quick")
    assert failed.args == [session.error]
    assert opened[0].closed
    assert chosen.spec == ""
