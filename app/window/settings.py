"""What a window keeps from one start to the next."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

from PyQt5.QtCore import QSettings
from PyQt5.QtWidgets import QMainWindow

from app.session.color_maps import DEPTH_MAPS
from app.session.display_options import DOUBTFUL, ORIENTATIONS, RANGES_M, DisplayOptions
from app.window.application import NAME
from app.window.views.live_panels import USUAL
from capture import paths
from capture.frame_filter import FrameFilter

SIZE = (1280, 800)  # of the first start


def settings() -> QSettings:
    """Where the window's geometry is kept: the platform's own place, or a file in $LIDARLIVE_HOME where that is set."""
    if home := paths.chosen_home():
        return QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
    return QSettings(NAME, NAME)


def remember(window: QMainWindow, seen: list[str], plot: bool, cloud: bool) -> None:
    """Its place and size, what stands at its sides, names of the views that are seen; if plot and cloud are."""
    settings().setValue("geometry", window.saveGeometry())
    settings().setValue("sides", window.saveState())
    settings().setValue("seen", seen)
    settings().setValue("plot", plot)
    settings().setValue("cloud", cloud)


def restore_geometry(window: QMainWindow) -> None:
    if not window.restoreGeometry(settings().value("geometry", b"")):
        window.resize(*SIZE)
    window.restoreState(settings().value("sides", b""))


def seen_before() -> list[str]:
    """The names of the views that were seen; the usual ones the first time."""
    seen = settings().value("seen", list(USUAL))
    return [seen] if isinstance(seen, str) else [str(name) for name in seen or USUAL]  # Qt keeps a list of one bare


def plot_before() -> bool:
    return bool(settings().value("plot", False, bool))


def cloud_before() -> bool:
    return bool(settings().value("cloud", False, bool))


def remember_choice(choice: FrameFilter) -> None:
    """Which frames are recorded."""
    for name, value in asdict(choice).items():
        settings().setValue(f"record_{name}", "" if value is None else value)


def choice_before() -> FrameFilter:
    """Which frames were recorded; every one where that makes no sense any more."""
    every, moved_m, worse_than = (settings().value(f"record_{each.name}") for each in fields(FrameFilter))
    try:
        return FrameFilter(
            int(every) if every else 1, float(moved_m) if moved_m else None, float(worse_than) if worse_than else None
        )
    except (TypeError, ValueError):
        return FrameFilter()


def remember_appearance(appearance: DisplayOptions) -> None:
    """How depth is shown."""
    for name, value in asdict(appearance).items():
        settings().setValue(name, "" if value is None else value)


def appearance_before() -> DisplayOptions:
    """How depth was shown; what makes no sense any more is as usual."""
    usual = DisplayOptions()
    found: dict[str, Any] = {name: settings().value(name) for name in asdict(usual)}
    if found["colours"] in DEPTH_MAPS:
        usual = replace(usual, colours=found["colours"])
    if found["far_m"] in map(str, RANGES_M) or found["far_m"] in RANGES_M:
        usual = replace(usual, far_m=int(found["far_m"]))
    if found["doubtful"] in DOUBTFUL:
        usual = replace(usual, doubtful=found["doubtful"])
    if found["orientation"] in ORIENTATIONS:
        usual = replace(usual, orientation=found["orientation"])
    if str(found["quarter_turns"]) in ("1", "2", "3"):  # an .ini file gives text
        usual = replace(usual, quarter_turns=int(found["quarter_turns"]))
    return usual
