"""The menu of sources: the phones that are plugged in, the demo room, the newest recordings, any other file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QAction, QFileDialog, QMenu, QWidget

from app.window.sources.switch import DEMO, PHONE
from capture.errors import LidarliveError
from capture.recording import recording_folders
from capture.usb.usbmuxd import list_devices
from capture.virtual_phone.clips import clip_file_filter

NEWEST = 5  # recordings in the menu; all others are in the folder that "Play a recording…" opens


@dataclass(frozen=True)
class FoundSources:
    """What there is to choose: serial numbers as usbmuxd lists them, and the newest recordings first."""

    serials: tuple[str, ...] = ()
    recordings: tuple[Path, ...] = ()


def look(recordings: Path) -> FoundSources:
    """Ask usbmuxd and the disk; may block on either, on usbmuxd for 3 s. What cannot be asked has nothing."""
    serials: tuple[str, ...] = ()
    folders: list[Path] = []
    with suppress(LidarliveError):
        serials = tuple(device.serial for device in list_devices())
    with suppress(LidarliveError, OSError):
        folders = recording_folders(recordings)
    return FoundSources(serials, tuple(reversed(folders[-NEWEST:])))


class SourceMenu(QObject):
    """Fills `menu` when it is about to open: at once with what was found last, and anew as soon as a thread named
    `sources` has looked. `choose` is told what to open, as `--source` names it; `in_use` says what is ticked.
    """

    looked = pyqtSignal(object)  # Found

    def __init__(
        self, menu: QMenu, parent: QWidget, recordings: Path, choose: Callable[[str], None], in_use: Callable[[], str]
    ) -> None:
        super().__init__(parent)
        self._menu, self._parent, self._recordings = menu, parent, recordings
        self._choose, self._in_use = choose, in_use
        self._found: FoundSources | None = None  # until the first look
        self._thread: threading.Thread | None = None
        self._specs: dict[QAction, str] = {}
        self._listed: list[QAction] = []  # what is found and may be gone at the next look
        self._entry("&Phone, whichever comes first", PHONE)
        self._demo = self._entry("&Demo room", DEMO)
        self._end = menu.addSeparator()
        self._command("Play a &recording…", "Ctrl+O", self._choose_folder)
        self._command("Play a .r3d &file…", "Ctrl+Shift+O", self._choose_file)
        menu.aboutToShow.connect(self._open)
        self.looked.connect(self._show)

    def _open(self) -> None:
        self._fill()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, name="sources", daemon=True)
            self._thread.start()

    def _look(self) -> None:
        found = look(self._recordings)
        with suppress(RuntimeError):  # the window is gone
            self.looked.emit(found)

    def _show(self, found: FoundSources) -> None:
        if found != self._found:  # else a menu that is open would lose the entry that is highlighted
            self._found = found
            self._fill()

    def _fill(self) -> None:
        for action in self._listed:
            self._menu.removeAction(action)
            self._specs.pop(action, None)
            action.deleteLater()
        in_use, found = self._in_use(), self._found or FoundSources()
        paths = [path.absolute() for path in found.recordings]
        if in_use not in ("", PHONE, DEMO) and not in_use.startswith("usb:"):
            in_use = str(Path(in_use).absolute())
            paths = [*([] if Path(in_use) in paths else [Path(in_use)]), *paths]
        self._listed = [self._entry(f"iPhone {_literal(s)}", f"usb:{s}", self._demo) for s in found.serials]
        if not found.serials:
            nothing = QAction("Looking for phones…" if self._found is None else "No phone found", self._menu)
            nothing.setEnabled(False)
            self._menu.insertAction(self._demo, nothing)
            self._listed.append(nothing)
        self._listed += [self._entry(_literal(path.name), str(path), self._end) for path in paths]
        for action, spec in self._specs.items():
            action.setChecked(spec == in_use)

    def _entry(self, text: str, spec: str, before: QAction | None = None) -> QAction:
        action = QAction(text, self._menu)
        action.setCheckable(True)
        action.triggered.connect(lambda: self._choose(spec))
        self._menu.insertAction(before, action)
        self._specs[action] = spec
        return action

    def _command(self, text: str, shortcut: str, do: Callable[[], None]) -> None:
        action = QAction(text, self._menu)
        action.setShortcut(shortcut)
        action.triggered.connect(lambda: do())
        self._menu.addAction(action)

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
    """In a menu, & marks the next letter as a key."""
    return text.replace("&", "&&")
