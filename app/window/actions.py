"""The table of all actions: menus, shortcuts, tool tips, the help page and docs/window.md come from it.

A new action is one line in ACTIONS and its handler in the `add_actions` call of its menu.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PyQt5.QtWidgets import QAction, QMenu

from app.widgets.menu_entries import add_command, add_toggle

SESSION, PLAY, SOURCE, VIEW, ORIENTATION, HELP = "&Session", "&Play", "S&ource", "&View", "&Orientation", "&Help"
RECORDINGS = "Recordings"  # no menu: keys and buttons of the list of recordings


@dataclass(frozen=True)
class ActionInfo:
    """`place` is its menu, or RECORDINGS. In `text`, & marks the key of the next letter; `tip` is one sentence."""

    id: str
    place: str
    text: str
    shortcut: str
    tip: str


@dataclass(frozen=True)
class Gesture:
    """What the mouse or a key does in one part of the window, without a menu entry."""

    place: str
    keys: str
    tip: str


@dataclass(frozen=True)
class Toggle:
    """Handler of an action with a tick: its state at the start, and what receives a new state."""

    checked: bool
    change: Callable[[bool], object]


Handler = Callable[[], object] | Toggle

ACTIONS = (
    ActionInfo("record", SESSION, "&Record or stop", "R", "Start a recording, or stop and save it"),
    ActionInfo(
        "choose_frames",
        SESSION,
        "&Choose what to record…",
        "Ctrl+Shift+R",
        "Choose which frames the next recording keeps, and write a note for it",
    ),
    ActionInfo("snapshot", SESSION, "&Snapshot", "S", "Save picture, depth, prediction and window as files"),
    ActionInfo("freeze", SESSION, "&Freeze or resume the view", "F", "Freeze the view; a running recording continues"),
    ActionInfo("recordings", SESSION, "Re&cordings", "Ctrl+L", "Show or hide the list of your recordings"),
    ActionInfo("retrain", SESSION, "Re&train…", "Ctrl+T", "Train the network on your recordings"),
    ActionInfo("quit", SESSION, "&Quit", "Ctrl+Q", "Close the window; a running recording is saved first"),
    ActionInfo("play", PLAY, "&Play or pause", "Space", "Play or pause the recording"),
    ActionInfo("next_frame", PLAY, "One frame &forward", "Right", "Pause, and show the next frame"),
    ActionInfo("previous_frame", PLAY, "One frame &back", "Left", "Pause, and show the previous frame"),
    ActionInfo("open_recording", SOURCE, "Play a &recording…", "Ctrl+O", "Play a recording instead of the phone"),
    ActionInfo("open_file", SOURCE, "Play a .r3d &file…", "Ctrl+Shift+O", "Play a file instead of the phone"),
    ActionInfo("default_views", VIEW, "Default views", "Ctrl+0", "Show the views of the first start"),
    ActionInfo("point_cloud", VIEW, "&Point cloud", "Ctrl+D", "Show LiDAR and prediction together in 3D"),
    ActionInfo("accuracy", VIEW, "&Accuracy over time", "Ctrl+P", "Plot the accuracy of the last minute"),
    ActionInfo("turn", ORIENTATION, "&Turn by 90°", "Ctrl+U", "Turn the pictures; View, Orientation resets them"),
    ActionInfo("keys", HELP, "&Keys and mouse", "F1", "List all keys"),
    ActionInfo("about", HELP, "&About", "", "List the versions of all parts, and the licences"),
    ActionInfo("play_recording", RECORDINGS, "Play", "Enter", "Play it in the same views"),
    ActionInfo("mark", RECORDINGS, "Mark", "T", "Mark it for the next training: train on it, hold it out, or neither"),
    ActionInfo("rename", RECORDINGS, "Rename", "F2", "Rename it"),
    ActionInfo("delete", RECORDINGS, "Delete", "Del", "Move it to the trash, after a question"),
)
GESTURES = (
    Gesture("Pictures", "Double click, Enter", "Enlarge one view; again: show all"),
    Gesture("Pictures", "Tab", "Move from view to view"),
    Gesture("Pictures", "Point", "Read both depths, difference, confidence and position below the pictures"),
    Gesture("Pictures", "Click two points", "Measure the distance between them"),
    Gesture("Pictures", "Drag", "Measure a region: mean, spread and share of pixels with a reading"),
    Gesture("Pictures", "Esc", "Clear the marks; then show all views"),
    Gesture("Point cloud", "Drag, Ctrl+drag, wheel", "Turn, move, zoom"),
)
INFO = {action.id: action for action in ACTIONS}


def add_actions(menu: QMenu, place: str, handlers: Mapping[str, Handler]) -> dict[str, QAction]:
    """Add the actions of `place` to a menu, in their order. Raises KeyError unless each one has a handler."""
    infos = [info for info in ACTIONS if info.place == place]
    if unknown := handlers.keys() - {info.id for info in infos}:
        raise KeyError(f"no such actions in {place}: {', '.join(sorted(unknown))}")
    menu.setToolTipsVisible(True)
    actions = {}
    for info in infos:
        handler = handlers[info.id]
        if isinstance(handler, Toggle):
            actions[info.id] = add_toggle(menu, info, handler.checked, handler.change)
        else:
            actions[info.id] = add_command(menu, info, handler)
    return actions


def tip_with_key(action_id: str) -> str:
    """The tool tip of a button that does the same as an action."""
    info = INFO[action_id]
    return f"{info.tip} ({info.shortcut})" if info.shortcut else info.tip
