"""Entries of menus: commands, entries with a tick, and choices of one among several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PyQt5.QtWidgets import QAction, QActionGroup, QMenu


class Entry(Protocol):
    """What a menu shows of an action. In `text`, & marks the key of the next letter."""

    @property
    def text(self) -> str: ...
    @property
    def shortcut(self) -> str: ...
    @property
    def tip(self) -> str: ...


def add_command(menu: QMenu, entry: Entry, do: Callable[[], object]) -> QAction:
    """Add an entry that runs `do`."""
    action = _add(menu, entry)

    def run() -> None:
        do()

    action.triggered.connect(run)
    return action


def add_toggle(menu: QMenu, entry: Entry, checked: bool, toggle: Callable[[bool], object]) -> QAction:
    """Add an entry with a tick; `toggle` receives the new state when a person changes it."""
    action = _add(menu, entry)
    action.setCheckable(True)
    action.setChecked(checked)

    def change(checked: bool) -> None:
        toggle(checked)

    action.triggered.connect(change)
    return action


def add_choice(
    menu: QMenu, title: str, choices: dict[str, Any], chosen: object, choose: Callable[[Any], None]
) -> QMenu:
    """Add a submenu of which exactly one entry is ticked; `choose` receives its value."""
    submenu = menu.addMenu(title)
    assert submenu is not None
    group = QActionGroup(submenu)
    for text, value in choices.items():
        action = QAction(text, submenu)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.triggered.connect(lambda _, value=value: choose(value))
        group.addAction(action)
        submenu.addAction(action)
    return submenu


def _add(menu: QMenu, entry: Entry) -> QAction:
    action = QAction(entry.text, menu)
    action.setShortcut(entry.shortcut)
    action.setToolTip(entry.tip)
    menu.addAction(action)
    return action
