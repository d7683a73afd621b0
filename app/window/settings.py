"""What the window keeps from one start to the next."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any, Literal

from PyQt5.QtCore import QSettings
from PyQt5.QtWidgets import QMainWindow

from app.session.color_maps import DEPTH_MAPS
from app.session.display_options import DOUBTFUL, ORIENTATIONS, RANGES_M, DisplayOptions
from app.session.views import DEFAULT_VIEWS
from app.window.application import NAME
from capture import paths
from capture.frame_filter import FrameFilter

SIZE = (1280, 800)  # at the first start


def settings() -> QSettings:
    """Return the platform's own settings, or a file in $LIDARLIVE_HOME if that is set."""
    if home := paths.chosen_home():
        return QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
    return QSettings(NAME, NAME)


def save_window(window: QMainWindow, visible_views: list[str], plot: bool, cloud: bool) -> None:
    """Save geometry, docks, names of the visible views, and whether plot and cloud are visible."""
    settings().setValue("geometry", window.saveGeometry())
    settings().setValue("sides", window.saveState())
    settings().setValue("seen", visible_views)
    settings().setValue("plot", plot)
    settings().setValue("cloud", cloud)


def restore_geometry(window: QMainWindow) -> None:
    """Restore geometry and docks."""
    if not window.restoreGeometry(settings().value("geometry", b"")):
        window.resize(*SIZE)
    window.restoreState(settings().value("sides", b""))


def saved_visible_views() -> list[str]:
    """Names of the views that were visible; the default ones at the first start."""
    names = settings().value("seen", list(DEFAULT_VIEWS))
    if isinstance(names, str):  # Qt stores a list of one as a string
        return [names]
    return [str(name) for name in names or DEFAULT_VIEWS]


def saved_visibility(name: Literal["plot", "cloud"]) -> bool:
    """Whether this part of the window was visible."""
    return bool(settings().value(name, False, bool))


def save_frame_filter(chosen: FrameFilter) -> None:
    """Save which frames are recorded."""
    for name, value in asdict(chosen).items():
        settings().setValue(f"record_{name}", "" if value is None else value)


def saved_frame_filter() -> FrameFilter:
    """Which frames were recorded last; every one if the stored values are invalid."""
    every, moved_m, worse_than = (settings().value(f"record_{each.name}") for each in fields(FrameFilter))
    try:
        return FrameFilter(
            int(every) if every else 1, float(moved_m) if moved_m else None, float(worse_than) if worse_than else None
        )
    except (TypeError, ValueError):
        return FrameFilter()


def save_display_options(options: DisplayOptions) -> None:
    """Save how depth is shown."""
    for name, value in asdict(options).items():
        settings().setValue(name, "" if value is None else value)


def saved_display_options() -> DisplayOptions:
    """How depth was shown last; the default for each invalid value."""
    options = DisplayOptions()
    stored: dict[str, Any] = {name: settings().value(name) for name in asdict(options)}
    if stored["colours"] in DEPTH_MAPS:
        options = replace(options, colours=stored["colours"])
    if stored["far_m"] in map(str, RANGES_M) or stored["far_m"] in RANGES_M:
        options = replace(options, far_m=int(stored["far_m"]))
    if stored["doubtful"] in DOUBTFUL:
        options = replace(options, doubtful=stored["doubtful"])
    if stored["orientation"] in ORIENTATIONS:
        options = replace(options, orientation=stored["orientation"])
    if str(stored["quarter_turns"]) in ("1", "2", "3"):  # an .ini file returns strings
        options = replace(options, quarter_turns=int(stored["quarter_turns"]))
    return options
