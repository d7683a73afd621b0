"""What a window keeps from one start to the next, beside how depth is shown (app/session/display_options.py)."""

from __future__ import annotations

from dataclasses import asdict, fields

from PyQt5.QtWidgets import QMainWindow

from app.window.application import settings
from app.window.views.live_panels import USUAL
from capture.frame_filter import Choice

SIZE = (1280, 800)  # of the first start


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


def remember_choice(choice: Choice) -> None:
    """Which frames are recorded."""
    for name, value in asdict(choice).items():
        settings().setValue(f"record_{name}", "" if value is None else value)


def choice_before() -> Choice:
    """Which frames were recorded; every one where that makes no sense any more."""
    every, moved_m, worse_than = (settings().value(f"record_{each.name}") for each in fields(Choice))
    try:
        return Choice(
            int(every) if every else 1, float(moved_m) if moved_m else None, float(worse_than) if worse_than else None
        )
    except (TypeError, ValueError):
        return Choice()
