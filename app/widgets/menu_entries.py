"""Menus from tables of entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt5.QtWidgets import QAction, QActionGroup, QMenu, QMenuBar

Entries = dict[str, tuple[str, Callable[[], object]]]  # text, with & before its key: shortcut or "", what it does


def add_menu(bar: QMenuBar | None, title: str, entries: Entries) -> list[QAction]:
    """Returns the entries' actions, in their order."""
    menu = bar.addMenu(title) if bar is not None else None
    actions = []
    for text, (shortcut, do) in entries.items() if menu is not None else ():
        action = QAction(text, menu)
        action.setShortcut(shortcut)
        action.triggered.connect(lambda _, do=do: do())
        actions.append(action)
    if menu is not None:
        menu.addActions(actions)
    return actions


def add_choice(
    menu: QMenu, title: str, choices: dict[str, Any], chosen: object, choose: Callable[[Any], None]
) -> QMenu:
    """A menu below the menu, of which one entry is ticked."""
    below = menu.addMenu(title)
    assert below is not None
    group = QActionGroup(below)
    for text, value in choices.items():
        action = QAction(text, below)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.triggered.connect(lambda _, value=value: choose(value))
        group.addAction(action)
        below.addAction(action)
    return below
