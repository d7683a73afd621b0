"""The window's menus: which views are seen."""

from __future__ import annotations

from PyQt5.QtWidgets import QAction, QMenuBar

from app.application import settings
from app.board import Board
from app.comparison import USUAL


def add_view_menu(bar: QMenuBar | None, board: Board) -> None:
    """An entry with a tick and a shortcut for each panel, in the panels' order; and one that brings the usual back."""
    menu = bar.addMenu("&View") if bar is not None else None
    if menu is None:
        return
    actions: dict[str, QAction] = {}
    for number, (name, panel) in enumerate(board.panels.items(), start=1):
        action = QAction(panel.title, menu)
        action.setCheckable(True)
        action.setShortcut(f"Ctrl+{number}")
        action.triggered.connect(lambda seen, name=name: board.see(name, seen))
        menu.addAction(action)
        actions[name] = action

    def tick() -> None:
        for name, action in actions.items():
            action.setChecked(name in board.seen)

    menu.addSeparator()
    usual = QAction("The usual four", menu)
    usual.setShortcut("Ctrl+0")
    usual.triggered.connect(lambda: board.choose(USUAL))
    menu.addAction(usual)
    board.seen_changed.connect(tick)
    tick()


def seen_before() -> list[str]:
    """The names of the panels that were seen when the window was closed last; the usual ones the first time."""
    seen = settings().value("seen", list(USUAL))
    return [seen] if isinstance(seen, str) else [str(name) for name in seen or USUAL]  # Qt keeps a list of one bare
