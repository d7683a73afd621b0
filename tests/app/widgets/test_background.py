"""Work in threads beside a widget: results and errors arrive in the Qt thread, and the newest request wins."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PyQt5.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.widgets.background import Background
from capture.errors import LidarliveError

WAIT_MS = 30_000


class Held:
    """Work that ends when the test lets it."""

    def __init__(self, result: str) -> None:
        self._result, self._may_end = result, threading.Event()

    def __call__(self) -> str:
        assert self._may_end.wait(30)
        return self._result

    def end(self) -> None:
        self._may_end.set()


def fail() -> str:
    raise LidarliveError("no disk")


@pytest.fixture
def background() -> Background:
    return Background()


def test_a_result_arrives_in_the_qt_thread(qtbot: QtBot, background: Background) -> None:
    arrived: list[tuple[str, str]] = []
    background.run(
        "work",
        lambda: threading.current_thread().name,
        lambda name: arrived.append((name, threading.current_thread().name)),
    )
    qtbot.waitUntil(lambda: arrived == [("work", "MainThread")], timeout=WAIT_MS)


@pytest.mark.parametrize("run", [Background.run, Background.run_newest])
def test_an_error_is_one_line(qtbot: QtBot, background: Background, run: Callable[..., None]) -> None:
    with qtbot.waitSignal(background.failed, timeout=WAIT_MS) as failed:
        run(background, "work", fail, pytest.fail)
    assert failed.args == ["no disk"]


def test_the_newest_request_wins_in_whatever_order_they_end(qtbot: QtBot, background: Background) -> None:
    done, discarded = list[str](), list[str]()
    slow, quick = Held("slow"), Held("quick")
    for work in (slow, quick):
        background.run_newest("open", work, done.append, discarded.append)
    quick.end()
    qtbot.waitUntil(lambda: done == ["quick"], timeout=WAIT_MS)
    slow.end()
    qtbot.waitUntil(lambda: discarded == ["slow"], timeout=WAIT_MS)
    assert done == ["quick"]


def test_requests_of_other_names_and_without_replacement_are_all_delivered(
    qtbot: QtBot, background: Background
) -> None:
    done: list[str] = []
    works = [Held(str(i)) for i in range(3)]
    for work in works:
        background.run("save", work, done.append)
    background.run_newest("open", lambda: "other", done.append)
    assert background.is_running("save")
    for work in works:
        work.end()
    qtbot.waitUntil(lambda: sorted(done) == ["0", "1", "2", "other"], timeout=WAIT_MS)
    background.shut_down()
    assert not background.is_running("save")


def test_what_is_cancelled_is_discarded(qtbot: QtBot, background: Background) -> None:
    discarded, work = list[str](), Held("late")
    background.run_newest("open", work, pytest.fail, discarded.append)
    background.cancel()
    work.end()
    qtbot.waitUntil(lambda: discarded == ["late"], timeout=WAIT_MS)


def test_a_widget_that_is_gone_is_not_called(qtbot: QtBot) -> None:
    parent = QObject()
    background, work = Background(parent), Held("late")
    background.run("work", work, pytest.fail)
    threads = [thread for thread in threading.enumerate() if thread.name == "work"]
    parent.deleteLater()
    qtbot.wait(10)
    work.end()
    for thread in threads:
        thread.join(30)
    qtbot.wait(10)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unexpected_exception_ends_the_work_and_nothing_else(qtbot: QtBot, background: Background) -> None:
    done, failed = list[str](), list[str]()
    background.failed.connect(failed.append)
    background.run("read", lambda: [].pop(), pytest.fail)
    qtbot.waitUntil(lambda: not background.is_running("read"), timeout=WAIT_MS)
    background.run("read", lambda: "again", done.append)
    qtbot.waitUntil(lambda: done == ["again"], timeout=WAIT_MS)
    assert failed == []
