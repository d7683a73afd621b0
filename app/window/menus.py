"""The window's View menu: which views are visible, and how depth is shown in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from PyQt5.QtWidgets import QAction, QMenu, QWidget

from app.session.color_maps import DEPTH_MAPS
from app.session.display_options import DOUBTFUL, RANGES_M
from app.session.views import DEFAULT_VIEWS, VIEWS
from app.widgets.menu_entries import add_choice, add_toggle
from app.window.actions import ORIENTATION, VIEW, Handler, Toggle, add_actions
from app.window.key_table import view_shortcut
from app.window.views.cloud_view import CloudView
from app.window.views.live_panels import LivePanels


@dataclass(frozen=True)
class ViewEntry:
    """Menu entry of one view."""

    text: str
    shortcut: str
    tip: str


def fill_view_menu(menu: QMenu, panels: LivePanels, plot: QWidget, cloud: CloudView) -> None:
    """Add a toggle for each view, the other actions of the menu, and the display options."""
    _add_views(menu, panels)
    handlers: dict[str, Handler] = {
        "default_views": lambda: panels.grid.choose(DEFAULT_VIEWS),
        "point_cloud": Toggle(not cloud.isHidden(), cloud.setVisible),
        "accuracy": Toggle(plot.isVisibleTo(plot.parentWidget()), plot.setVisible),
    }
    actions = add_actions(menu, VIEW, handlers)
    cloud.failed.connect(lambda _: actions["point_cloud"].setChecked(False))
    menu.addSeparator()
    _add_options(menu, panels)
    _add_orientation(menu, panels)


def _add_views(menu: QMenu, panels: LivePanels) -> None:
    actions: dict[str, QAction] = {}
    for number, view in enumerate(VIEWS, start=1):
        entry = ViewEntry(view.title, view_shortcut(number), view.tip)
        actions[view.name] = add_toggle(menu, entry, False, partial(panels.grid.set_visible, view.name))

    def tick() -> None:
        for name, action in actions.items():
            action.setChecked(name in panels.grid.visible)

    panels.grid.visible_changed.connect(tick)
    tick()


def _add_options(menu: QMenu, panels: LivePanels) -> None:
    options = panels.options
    add_choice(
        menu,
        "&Colours of depth",
        {name.capitalize(): name for name in DEPTH_MAPS},
        options.colours,
        lambda colours: panels.change_options(replace(panels.options, colours=colours)),
    )
    add_choice(
        menu,
        "&Range of depth",
        {"Follow the frame": None, **{f"0 to {far_m} m": far_m for far_m in RANGES_M}},
        options.far_m,
        lambda far_m: panels.change_options(replace(panels.options, far_m=far_m)),
    )
    add_choice(
        menu,
        "&Low confidence",
        {name.capitalize(): name for name in DOUBTFUL},
        options.doubtful,
        lambda doubtful: panels.change_options(replace(panels.options, doubtful=doubtful)),
    )


def _add_orientation(menu: QMenu, panels: LivePanels) -> None:
    """Add a choice, and a manual turn that lasts until one of the choices is made again."""

    def change(orientation: str, quarter_turns: int) -> None:
        options = replace(panels.options, orientation=orientation, quarter_turns=quarter_turns % 4)
        panels.change_options(options)

    submenu = add_choice(
        menu,
        ORIENTATION,
        {"Upright automatically": "upright", "As received": "received"},
        panels.options.orientation,
        lambda orientation: change(orientation, 0),
    )
    submenu.addSeparator()
    turn = {"turn": lambda: change(panels.options.orientation, panels.options.quarter_turns + 1)}
    add_actions(submenu, ORIENTATION, turn)
