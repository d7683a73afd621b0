"""Names and messages from elsewhere are shown as they are, < and & included, and never taken for rich text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QTextDocument
from PyQt5.QtWidgets import QLabel, QMenu, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveStatus
from app.session.recording_summary import RecordingSummary
from app.widgets.basic import ElidedLabel, MessageBar, PlainLabel, plain_tip
from app.widgets.inline_question import InlineQuestion
from app.window.application import application
from app.window.filter_popup import FilterButton
from app.window.help import help_page
from app.window.recordings.panel import RecordingsPanel
from app.window.retrain.recordings_table import RecordingsTable
from app.window.retrain.setup_page import Check, SetupPage
from app.window.sources.menu import SourceMenu
from app.window.sources.waiting_page import WaitingPage
from model.training.preflight import PreflightFinding, Remedies
from tests.support.frames import make_frame, write_recording
from tests.support.paths import ROOT

FOREIGN = "<b>room</b> & <i>kitchen</i> &lt;1"
WAIT_MS = 30_000


@pytest.fixture(autouse=True)
def _application(qtbot: QtBot) -> None:
    application()


def shown(label: QLabel) -> str:
    """Return what a person reads on a label."""
    assert label.textFormat() != Qt.TextFormat.AutoText, "Qt decides by the text"
    return label.text() if label.textFormat() == Qt.TextFormat.PlainText else as_read(label.text())


def as_read(rich: str) -> str:
    document = QTextDocument()
    document.setHtml(rich)
    return document.toPlainText()


def test_bars_questions_and_elided_labels(qtbot: QtBot) -> None:
    bar, question, elided = MessageBar("red"), InlineQuestion(), ElidedLabel()
    for widget in (bar, question, elided):
        qtbot.addWidget(widget)
        widget.resize(900, 60)
    bar.show_message(f"{FOREIGN} cannot be opened")
    assert [shown(label) for label in bar.findChildren(QLabel)] == [f"{FOREIGN} cannot be opened"]
    question.confirm(f"Move {FOREIGN} to the trash?", "Move", lambda: None)
    assert shown(question.label) == f"Move {FOREIGN} to the trash?"
    elided.show_text(FOREIGN)
    assert shown(elided) == FOREIGN


def test_tool_tips() -> None:
    assert plain_tip("Width & height") == "Width & height"
    assert as_read(plain_tip(f"{FOREIGN}\n    indented")) == f"{FOREIGN}\n    indented"


def test_names_of_recordings(qtbot: QtBot, tmp_path: Path) -> None:
    made = write_recording(tmp_path / "data", "desk", [make_frame(i) for i in range(3)])
    named = made.rename(made.with_name("<b>desk & chair<b>"))  # a / cannot be in a name
    panel, table = RecordingsPanel(tmp_path / "data", lambda path: None, lambda path: ""), RecordingsTable()
    qtbot.addWidget(panel)
    qtbot.addWidget(table)
    panel.show()
    qtbot.waitUntil(lambda: panel.list.count() == 1, timeout=WAIT_MS)
    assert as_read(panel.list.item(0).toolTip()).splitlines()[0] == named.name
    table.show_recordings([RecordingSummary(named, named.name, problem="<torn>")])
    assert table.item(0, 2).text() == named.name
    assert as_read(table.item(0, 2).toolTip()) == f"{named.name}\n<torn>"
    window = QWidget()
    qtbot.addWidget(window)
    menu = QMenu(window)
    source_menu = SourceMenu(menu, window, tmp_path / "data", lambda spec: None, lambda: "")
    with qtbot.waitSignal(source_menu.updated, timeout=WAIT_MS):
        menu.aboutToShow.emit()
    (action,) = [action for action in menu.actions() if "desk" in action.text()]
    assert action.text() == named.name.replace("&", "&&")
    assert as_read(action.toolTip()) == named.name
    panel.shut_down()


def test_findings_and_errors_before_a_training(qtbot: QtBot, tmp_path: Path) -> None:
    page = SetupPage(tmp_path / FOREIGN.replace("/", ""))
    qtbot.addWidget(page)
    page._timer.stop()
    page.checked.emit(page._check, Check([PreflightFinding("problem", f"{FOREIGN} is torn")], 60.0, Remedies()))
    assert shown(page.findings) == f"● {FOREIGN} is torn"
    page.show_recordings([])
    assert FOREIGN.replace("/", "") in shown(page.about)


def test_the_waiting_page(qtbot: QtBot) -> None:
    page = WaitingPage()
    qtbot.addWidget(page)
    page.show_status(LiveStatus(FOREIGN, "ended", f"{FOREIGN} is at its end"))
    assert shown(page.headline) == f"{FOREIGN} has ended"
    assert shown(page.detail) == f"{FOREIGN} is at its end"


def test_a_note_and_the_help_page(qtbot: QtBot) -> None:
    button, window = FilterButton(), QWidget()
    for widget in (button, window):
        qtbot.addWidget(widget)
    button.popup.note.setText(FOREIGN)
    assert FOREIGN in as_read(button.toolTip())
    page = help_page(f"/home/{FOREIGN}", window)
    text = page.findChild(QTextBrowser)
    assert text is not None
    assert f"/home/{FOREIGN}" in text.toPlainText()


def test_no_label_is_left_to_decide_by_its_text() -> None:
    """Every QLabel of the window is a PlainLabel, has a constant text, or is set to rich text in the same file."""
    left = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "QLabel"]
        bare = [call for call in made if not call.args]
        if len(bare) > source.count("TextFormat.RichText") + source.count("mark.setText"):
            left.append(f"{path.relative_to(ROOT)}: {len(bare)}")
    assert left == []
    assert issubclass(ElidedLabel, PlainLabel)
