"""The Source menu: phones on USB, the demo room, the newest recordings, and any other recording or file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QAction, QFileDialog, QMenu, QWidget

from app.widgets.background import Background
from app.widgets.basic import plain_tip
from app.window.actions import SOURCE, add_actions
from app.window.sources.switch import DEMO, PHONE
from capture.errors import LidarliveError
from capture.recording import recording_folders
from capture.usb.usbmuxd import list_devices
from capture.virtual_phone.clips import SECOND_WALK, clip_file_filter

NEWEST = 5  # recordings in the menu; "Play a recording…" opens any other


@dataclass(frozen=True)
class FoundSources:
    """Serial numbers of phones in usbmuxd's order, and the newest recordings first."""

    serials: tuple[str, ...] = ()
    recordings: tuple[Path, ...] = ()


def find_sources(recordings: Path) -> FoundSources:
    """Ask usbmuxd and the disk; may block on either, on usbmuxd for 3 s. Leaves out what cannot be read."""
    serials: tuple[str, ...] = ()
    folders: list[Path] = []
    with suppress(LidarliveError):
        serials = tuple(device.serial for device in list_devices())
    with suppress(LidarliveError, OSError):
        folders = recording_folders(recordings)
    return FoundSources(serials, tuple(reversed(folders[-NEWEST:])))


class SourceMenu(QObject):
    """Fills `menu` when it is about to open: at once with the last findings, and again when a search has ended.

    A thread named `sources` searches, because that may block on usbmuxd and on the disk. `choose` receives the spec of
    the chosen source, as for `--source`; `in_use` returns the one to tick.
    """

    updated = pyqtSignal()  # a search has ended, and the menu shows what it found

    def __init__(
        self, menu: QMenu, parent: QWidget, recordings: Path, choose: Callable[[str], None], in_use: Callable[[], str]
    ) -> None:
        super().__init__(parent)
        self._menu, self._parent, self._recordings = menu, parent, recordings
        self._choose, self._in_use = choose, in_use
        self._found: FoundSources | None = None  # None until the first search has ended
        self._background = Background(self)
        self._specs: dict[QAction, str] = {}
        self._found_actions: list[QAction] = []  # of sources that may be gone after the next search
        self._add_source("&Phone, whichever connects first", PHONE)
        self._demo = self._add_source("&Demo room", DEMO)
        self._add_source("Demo room, &second walk", SECOND_WALK)
        self._end = menu.addSeparator()
        add_actions(menu, SOURCE, {"open_recording": self._choose_folder, "open_file": self._choose_file})
        menu.aboutToShow.connect(self._open)

    def _open(self) -> None:
        self._fill()
        if not self._background.is_running("sources"):
            self._background.run("sources", lambda: find_sources(self._recordings), self._update)

    def _update(self, found: FoundSources) -> None:
        if found != self._found:  # else an open menu would lose its highlighted entry
            self._found = found
            self._fill()
        self.updated.emit()

    def _fill(self) -> None:
        for action in self._found_actions:
            self._menu.removeAction(action)
            self._specs.pop(action, None)
            action.deleteLater()
        in_use, found = self._in_use(), self._found or FoundSources()
        paths = [path.absolute() for path in found.recordings]
        if in_use not in ("", PHONE, DEMO, SECOND_WALK) and not in_use.startswith("usb:"):
            in_use = str(Path(in_use).absolute())
            paths = [*([] if Path(in_use) in paths else [Path(in_use)]), *paths]
        self._found_actions = [self._add_source(f"iPhone {_literal(s)}", f"usb:{s}", self._demo) for s in found.serials]
        if not found.serials:
            nothing = QAction("Looking for phones…" if self._found is None else "No phone found", self._menu)
            nothing.setEnabled(False)
            self._menu.insertAction(self._demo, nothing)
            self._found_actions.append(nothing)
        for path in paths:
            self._found_actions.append(self._add_source(_literal(path.name), str(path), self._end))
            self._found_actions[-1].setToolTip(plain_tip(path.name))
        for action, spec in self._specs.items():
            action.setChecked(spec == in_use)

    def _add_source(self, text: str, spec: str, before: QAction | None = None) -> QAction:
        action = QAction(text, self._menu)
        action.setCheckable(True)
        action.triggered.connect(lambda: self._choose(spec))
        self._menu.insertAction(before, action)
        self._specs[action] = spec
        return action

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._parent, "Play a file", "", clip_file_filter())
        if path:
            self._choose(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self._parent, "Play a recording: choose its folder", str(self._recordings)
        )
        if path:
            self._choose(path)


def _literal(text: str) -> str:
    """Escape &, which marks the key of the next letter in a menu."""
    return text.replace("&", "&&")
