"""The list of the user's recordings: play, rename, mark for the next training, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PyQt5.QtCore import QFile, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PyQt5.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.session.recording_summary import RecordingSummary, summary
from app.session.training_roles import HELD_OUT, TRAIN, move_role, read_roles, write_role
from app.widgets.background import Background
from app.widgets.basic import PlainLabel, button, plain_tip
from app.widgets.inline_question import InlineQuestion
from app.widgets.recording_row import ROLE, SUMMARY, RecordingRowDelegate, tool_tip
from app.window.actions import INFO, tip_with_key
from capture.errors import LidarliveError
from capture.storage.layout import is_recording
from capture.storage.rename import rename

NEXT_ROLE = {"": TRAIN, TRAIN: HELD_OUT, HELD_OUT: ""}
NO_RECORDINGS = "No recordings yet. Press Record, or import some: lidarlive import"


class KeyList(QListWidget):
    """A list with keys of its own; otherwise letters would search for an entry."""

    def __init__(self, keys: Mapping[int, Callable[[], None]]) -> None:
        super().__init__()
        self._keys = keys

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in self._keys:
            self._keys[event.key()]()
        else:
            super().keyPressEvent(event)


class RecordingsPanel(QWidget):
    """Newest first. `play` receives the path of the recording to play; `in_use` returns why one cannot be changed now.

    A thread named `recordings` reads them, and threads named `rename`, `mark` and `trash` change them, one after the
    other in the order of the requests: all may block on the disk. A recording that is being renamed or moved cannot be
    used meanwhile; a mark is shown at once.
    """

    failed = pyqtSignal(str)  # one line for the person

    def __init__(self, dataset: Path, play: Callable[[str], None], in_use: Callable[[Path], str]) -> None:
        super().__init__()
        self._dataset, self._play, self._in_use = dataset, play, in_use
        self._known: dict[tuple[Path, int], RecordingSummary] = {}
        self._background = Background()
        self._background.failed.connect(self.failed)
        self._busy: dict[Path, str] = {}  # what is being done to a recording
        self._unsaved: dict[str, str] = {}  # marks that are not on the disk yet, by folder name
        self._again = False  # another refresh was requested while a thread reads
        self._build()

    def showEvent(self, event: QShowEvent | None) -> None:
        self.refresh()

    def refresh(self) -> None:
        """List the folder again; does nothing while the panel is hidden."""
        if not self.isVisible():
            return
        self._again = self._background.is_running("recordings")
        if not self._again:
            self._background.run("recordings", self._read, self._show)

    def shut_down(self) -> None:
        """Wait for the threads: what was requested is done."""
        self._background.shut_down()

    @property
    def selected(self) -> RecordingSummary | None:
        """The selected recording."""
        item = self.list.currentItem()
        summary_of_item: RecordingSummary | None = None if item is None else item.data(SUMMARY)
        return summary_of_item

    def play_selected(self) -> None:
        """Play the selected recording."""
        if self.selected is not None and self.selected.frames and self.selected.path not in self._busy:
            self._play(str(self.selected.path))

    def ask_name(self) -> None:
        """Ask for a new name of the selected recording, and rename it."""
        if (selected := self._changeable()) is not None:
            self.question.ask_text("New name:", selected.name, "Rename", lambda name: self._rename(selected.path, name))

    def ask_trash(self) -> None:
        """Ask whether to move the selected recording to the trash, and do so."""
        if (selected := self._changeable()) is not None:
            move = f"Move {selected.name} to the trash?"
            self.question.confirm(move, "Move to the trash", lambda: self._trash(selected.path))

    def change_role(self) -> None:
        """Cycle its mark: train on it, hold it out, leave that to the Retrain dialog."""
        item, selected = self.list.currentItem(), self.selected
        if item is None or selected is None or not selected.frames or selected.path in self._busy:
            return
        name, role = selected.path.name, NEXT_ROLE[item.data(ROLE) or ""]
        item.setData(ROLE, role)
        self._unsaved[name] = role
        self._background.run_in_order("mark", lambda: write_role(selected.path, role), _done, self._marks_saved)

    def _marks_saved(self) -> None:
        """Show the marks on the disk once all are written; they differ from those shown if one could not be."""
        if not self._background.is_running("mark"):
            self._unsaved.clear()
            self.refresh()

    def _changeable(self) -> RecordingSummary | None:
        selected = self.selected
        if selected is not None and (reason := self._busy.get(selected.path) or self._in_use(selected.path)):
            self.failed.emit(f"{selected.name} {reason}")
            return None
        return selected

    def _rename(self, path: Path, name: str) -> None:
        self._change("rename", "is being renamed", path, lambda: move_role(path, rename(path, name)))

    def _trash(self, path: Path) -> None:
        def move() -> None:
            if not path.exists():
                raise LidarliveError(f"{path} does not exist any more")
            if not QFile.moveToTrash(str(path))[0]:
                raise LidarliveError(f"No trash accepts {path}. To delete it for good, delete that folder")
            move_role(path, None)

        self._change("trash", "is being moved to the trash", path, move)

    def _change(self, name: str, what: str, path: Path, do: Callable[[], None]) -> None:
        """Change a recording in a thread; its row shows `what` until it has ended."""

        def ended() -> None:
            del self._busy[path]
            self.refresh()

        if reason := self._busy.get(path) or self._in_use(path):  # since the question was asked
            self.failed.emit(f"{path.name} {reason}")
            return
        self._busy[path] = what
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item is not None and item.data(SUMMARY).path == path:
                item.setData(SUMMARY, self._marked_busy(item.data(SUMMARY)))
        self._enable()
        self._background.run_in_order(name, do, _done, ended)

    def _marked_busy(self, each: RecordingSummary) -> RecordingSummary:
        what = self._busy.get(each.path)
        return each if what is None else replace(each, problem=f"{what[:1].upper()}{what[1:]}…")

    def _read(self) -> tuple[list[RecordingSummary], dict[str, str]]:
        try:
            folders = [path for path in self._dataset.iterdir() if is_recording(path)]
        except OSError:  # no such folder before the first recording
            folders = []
        return [self._summary(path) for path in sorted(folders, reverse=True)], read_roles(self._dataset)

    def _summary(self, path: Path) -> RecordingSummary:
        """Read the summary again only if its recording.json has changed."""
        try:
            key = path, (path / "recording.json").stat().st_mtime_ns
        except OSError as error:
            return RecordingSummary(path, path.name, problem=f"cannot be read ({error.strerror})")
        if key not in self._known:
            read = summary(path)
            if read.problem:
                return read
            self._known[key] = read
        return self._known[key]

    def _show(self, read: tuple[list[RecordingSummary], dict[str, str]]) -> None:
        summaries, roles = read
        selected = self.selected.path if self.selected is not None else None
        self.list.clear()
        for each in map(self._marked_busy, summaries):
            item = QListWidgetItem()
            item.setData(SUMMARY, each)
            item.setData(ROLE, (roles | self._unsaved).get(each.path.name, ""))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, each.name)
            item.setToolTip(plain_tip(tool_tip(each)))
            self.list.addItem(item)
            if each.path == selected:
                self.list.setCurrentItem(item)
        self.nothing.setVisible(not summaries)
        self.list.setVisible(bool(summaries))
        self._enable()
        if self._again:
            self.refresh()

    def _enable(self) -> None:
        selected = self.selected
        usable = selected is not None and selected.path not in self._busy
        for each in (self.play_button, self.role_button):
            each.setEnabled(usable and selected is not None and bool(selected.frames))
        for each in (self.rename_button, self.trash_button):
            each.setEnabled(usable)

    def _build(self) -> None:
        handlers = {
            "play_recording": self.play_selected,
            "mark": self.change_role,
            "rename": self.ask_name,
            "delete": self.ask_trash,
        }
        keys: dict[int, Callable[[], None]] = {
            QKeySequence(INFO[name].shortcut)[0]: handle for name, handle in handlers.items()
        }
        keys[Qt.Key.Key_Return] = self.play_selected  # "Enter" is the key of the number pad
        self.list, self.question, self.nothing = KeyList(keys), InlineQuestion(), PlainLabel(NO_RECORDINGS)
        self.list.setItemDelegate(RecordingRowDelegate(self.list))
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(2)
        self.list.currentItemChanged.connect(self._enable)
        self.list.itemDoubleClicked.connect(self.play_selected)
        self.nothing.hide()  # until the folder has been read
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        made = {name: _small_button(name, handle) for name, handle in handlers.items()}
        self.play_button, self.role_button = made["play_recording"], made["mark"]
        self.rename_button, self.trash_button = made["rename"], made["delete"]
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for each in made.values():
            buttons.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self.question)
        layout.addLayout(buttons)
        self._enable()


def _done(result: None) -> None:
    """Nothing to do with what was changed: `ended` shows it."""


def _small_button(action_id: str, pressed: Callable[[], None]) -> QPushButton:
    made = button(INFO[action_id].text, tip_with_key(action_id), pressed)
    made.setMinimumSize(0, 28)
    return made
