"""The window's menus: what it does, which views are seen, and how depth is shown in them."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtWidgets import QAction, QMenu, QMenuBar, QWidget

from app.session.color_maps import DEPTH_MAPS
from app.session.display_options import DOUBTFUL, RANGES_M
from app.widgets.menu_entries import add_choice
from app.window.views.cloud_view import CloudView
from app.window.views.live_panels import USUAL, LivePanels
from app.window.views.panel_grid import PanelGrid


def add_view_menu(bar: QMenuBar | None, comparison: LivePanels, plot: QWidget, cloud: CloudView) -> None:
    """An entry with a tick and a shortcut for each view, in their order; then what stands beside them, and looks."""
    menu = bar.addMenu("&View") if bar is not None else None
    if menu is None:
        return
    _add_views(menu, comparison)
    in_space = QAction("&Point cloud", menu)
    in_space.setCheckable(True)
    in_space.setChecked(not cloud.isHidden())
    in_space.setShortcut("Ctrl+D")
    in_space.toggled.connect(cloud.setVisible)
    cloud.failed.connect(lambda _: in_space.setChecked(False))
    menu.addAction(in_space)
    over_time = QAction("&Accuracy over time", menu)
    over_time.setCheckable(True)
    over_time.setChecked(plot.isVisibleTo(plot.parentWidget()))
    over_time.setShortcut("Ctrl+P")
    over_time.toggled.connect(plot.setVisible)
    menu.addAction(over_time)
    menu.addSeparator()
    chosen = comparison.appearance
    add_choice(
        menu,
        "&Colours of depth",
        {name.capitalize(): name for name in DEPTH_MAPS},
        chosen.colours,
        lambda colours: comparison.change(replace(comparison.appearance, colours=colours)),
    )
    add_choice(
        menu,
        "&Range of depth",
        {"Of what is seen": None, **{f"0 to {far_m} m": far_m for far_m in RANGES_M}},
        chosen.far_m,
        lambda far_m: comparison.change(replace(comparison.appearance, far_m=far_m)),
    )
    add_choice(
        menu,
        "&Low confidence",
        {name.capitalize(): name for name in DOUBTFUL},
        chosen.doubtful,
        lambda doubtful: comparison.change(replace(comparison.appearance, doubtful=doubtful)),
    )
    _add_orientation(menu, comparison)


def _add_views(menu: QMenu, board: PanelGrid) -> None:
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

    usual = QAction("The usual four", menu)
    usual.setShortcut("Ctrl+0")
    usual.triggered.connect(lambda: board.choose(USUAL))
    menu.addAction(usual)
    board.seen_changed.connect(tick)
    tick()


def _add_orientation(menu: QMenu, comparison: LivePanels) -> None:
    """Which way up; and a turn by hand, which lasts until one of the others is chosen."""

    def change(orientation: str, quarter_turns: int) -> None:
        comparison.change(replace(comparison.appearance, orientation=orientation, quarter_turns=quarter_turns % 4))

    below = add_choice(
        menu,
        "&Orientation",
        {"Upright by itself": "upright", "As received": "received"},
        comparison.appearance.orientation,
        lambda orientation: change(orientation, 0),
    )
    turn = QAction("&Turn by 90°", below)
    turn.setShortcut("Ctrl+U")
    turn.triggered.connect(lambda: change(comparison.appearance.orientation, comparison.appearance.quarter_turns + 1))
    below.addSeparator()
    below.addAction(turn)
