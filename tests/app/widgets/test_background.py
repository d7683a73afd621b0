"""Work in threads beside a widget: results and errors arrive in the Qt thread, and the newest request wins."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PyQt5.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.widgets.background import Background, run_and_wait
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


def test_work_in_order_begins_when_what_was_requested_before_has_ended(qtbot: QtBot, background: Background) -> None:
    begun, done, ended = list[str](), list[str](), list[str]()

    def work(name: str, may_end: threading.Event) -> Callable[[], str]:
        def run() -> str:
            begun.append(name)
            assert may_end.wait(30)
            return name

        return run

    gates = [threading.Event() for _ in range(3)]
    for number, gate in enumerate(gates):
        background.run_in_order(f"work {number}", work(str(number), gate), done.append, lambda: ended.append("x"))
    for number in (2, 1):  # these may end at once, and do not begin before the first has ended
        gates[number].set()
    qtbot.waitUntil(lambda: begun == ["0"], timeout=WAIT_MS)
    qtbot.wait(50)
    assert (begun, done) == (["0"], [])
    gates[0].set()
    qtbot.waitUntil(lambda: done == ["0", "1", "2"], timeout=WAIT_MS)
    assert begun == done
    assert ended == ["x"] * 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_each_end_is_reported_and_the_next_work_follows_a_failed_one(qtbot: QtBot, background: Background) -> None:
    ended, failed, done = list[str](), list[str](), list[str]()
    background.failed.connect(failed.append)
    background.run_in_order("first", fail, pytest.fail, lambda: ended.append("first"))
    background.run_in_order("second", lambda: [].pop(), pytest.fail, lambda: ended.append("second"))
    background.run_in_order("third", lambda: "third", done.append, lambda: ended.append("third"))
    qtbot.waitUntil(lambda: ended == ["first", "second", "third"], timeout=WAIT_MS)
    assert (failed, done) == (["no disk"], ["third"])


def test_shutting_down_waits_for_work_in_order_and_logs_what_failed(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    finished: list[str] = []
    slow = Held("slow")
    background.run_in_order("rename", lambda: finished.append(slow()), lambda _: None)
    background.run_in_order("trash", fail, pytest.fail)
    threading.Timer(0.3, slow.end).start()
    background.shut_down(timeout_s=0)
    assert finished == ["slow"]
    assert [record.getMessage() for record in caplog.records] == ["trash: no disk"]


def test_qt_goes_on_while_it_waits(qtbot: QtBot) -> None:
    beats, work = list[int](), Held("done")
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(1) or (work.end() if len(beats) == 5 else None))
    timer.start(5)
    names: list[str] = []
    run_and_wait("closing", lambda: names.append(f"{threading.current_thread().name} {work()}"))
    timer.stop()
    assert names == ["closing done"]
    assert len(beats) >= 5


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
