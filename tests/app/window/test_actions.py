"""The table of actions: complete, without double keys, and in the menus as it is written."""

from __future__ import annotations

from collections import Counter

import pytest
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QMenu
from pytestqt.qtbot import QtBot

from app.session.views import VIEWS
from app.window.actions import ACTIONS, HELP, INFO, RECORDINGS, add_actions, tip_with_key
from app.window.key_table import key_groups, keys_html, view_shortcut
from app.window.main_window import Window


def test_ids_texts_and_keys_are_there_once() -> None:
    assert len(INFO) == len(ACTIONS)
    in_menus = [action for action in ACTIONS if action.place != RECORDINGS]
    keys = [action.shortcut for action in in_menus if action.shortcut]
    keys += [view_shortcut(number) for number, _ in enumerate(VIEWS, start=1)]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert all(action.text and action.tip for action in ACTIONS)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_key_is_one_that_qt_knows(action: object) -> None:
    assert QKeySequence(action.shortcut).toString() == action.shortcut


def test_the_window_has_every_action(window: Window) -> None:
    made = {action.text(): action for action in window.findChildren(QAction)}
    for info in ACTIONS:
        if info.place != RECORDINGS:
            assert made[info.text].shortcut().toString() == info.shortcut
            assert made[info.text].toolTip() == info.tip
    for number, view in enumerate(VIEWS, start=1):
        assert made[view.title].shortcut().toString() == view_shortcut(number)


def test_an_action_without_handler_and_a_handler_without_action_are_errors(qtbot: QtBot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    with pytest.raises(KeyError, match="about"):
        add_actions(menu, HELP, {"keys": print})
    with pytest.raises(KeyError, match="no such actions in &Help: fly"):
        add_actions(menu, HELP, {"keys": print, "about": print, "fly": print})


def test_the_help_page_lists_every_key() -> None:
    page = keys_html()
    for action in ACTIONS:
        assert action.tip in page or not action.shortcut
    rows = [row for rows in key_groups().values() for row in rows]
    assert (f"Ctrl+1 … Ctrl+{min(9, len(VIEWS))}", "Show or hide a view") in rows
    assert "Left" not in dict(rows)
    assert tip_with_key("rename") == "Rename it (F2)"
