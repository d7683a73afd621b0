"""The panel with the user's recordings: look at one again, name it, mark it for the next retraining, throw it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PyQt5.QtCore import QFile, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent, QShowEvent
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.session.recording_summary import RecordingSummary, summary
from app.session.training_roles import HELD_OUT, TRAIN, move_role, read_roles, write_role
from app.widgets.background import Background
from app.widgets.basic import button
from app.widgets.inline_question import InlineQuestion
from app.widgets.recording_row import ROLE, SUMMARY, RecordingRowDelegate, tool_tip
from capture.errors import LidarliveError
from capture.storage.layout import is_recording
from capture.storage.rename import rename

NEXT_ROLE = {"": TRAIN, TRAIN: HELD_OUT, HELD_OUT: ""}
EMPTY = "No recordings yet. Press Record, or import some: lidarlive import"
Key = Qt.Key


class KeyList(QListWidget):
    """A list in which some keys do something; without this, letters would look for an entry."""

    def __init__(self, keys: Mapping[int, Callable[[], None]]) -> None:
        super().__init__()
        self._keys = keys

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in self._keys:
            self._keys[event.key()]()
        else:
            super().keyPressEvent(event)


class RecordingsPanel(QWidget):
    """The newest first. `play` is given the path of the one to play; `in_use` says why one cannot be touched now.

    A thread named `recordings` reads them, because it may block on the disk; everything else is the Qt thread's.
    """

    failed = pyqtSignal(str)  # one line for the person
    found = pyqtSignal(list)  # of Summary, from the thread

    def __init__(self, dataset: Path, play: Callable[[str], None], in_use: Callable[[Path], str]) -> None:
        super().__init__()
        self._dataset, self._play, self._in_use = dataset, play, in_use
        self._known: dict[tuple[Path, int], RecordingSummary] = {}
        self._background = Background()
        self._reading = self._again = False  # the thread is at it; and is to begin once more when it has ended
        self._build()
        self.found.connect(self._show)

    def showEvent(self, event: QShowEvent | None) -> None:
        self.refresh()

    def refresh(self) -> None:
        """List what is there now; waits until it is seen."""
        if not self.isVisible():
            return
        self._again = self._reading
        if not self._reading:
            self._reading = True
            self._background.start("recordings", self._read)

    def shut_down(self) -> None:
        """Wait for the thread."""
        self._background.shut_down()

    @property
    def chosen(self) -> RecordingSummary | None:
        item = self.list.currentItem()
        found: RecordingSummary | None = None if item is None else item.data(SUMMARY)
        return found

    def play_chosen(self) -> None:
        if self.chosen is not None and self.chosen.frames:
            self._play(str(self.chosen.path))

    def ask_name(self) -> None:
        """Ask for another name of the recording that is chosen, and give it."""
        if (chosen := self._touchable()) is not None:
            self.ask.name("New name:", chosen.name, "Rename", lambda name: self._rename(chosen.path, name))

    def ask_trash(self) -> None:
        """Ask whether to throw the recording that is chosen away, and do so: it can be taken from the trash again."""
        if (chosen := self._touchable()) is not None:
            self.ask.confirm(f"Move {chosen.name} to the trash?", "Move to the trash", lambda: self._trash(chosen.path))

    def change_role(self) -> None:
        """Train on it, hold it out, leave that to the Retrain dialog: one after the other."""
        item, chosen = self.list.currentItem(), self.chosen
        if item is None or chosen is None or not chosen.frames:
            return
        role = NEXT_ROLE[item.data(ROLE) or ""]
        try:
            write_role(chosen.path, role)
        except LidarliveError as error:
            self.failed.emit(str(error))
        else:
            item.setData(ROLE, role)

    def _touchable(self) -> RecordingSummary | None:
        chosen = self.chosen
        if chosen is not None and (reason := self._in_use(chosen.path)):
            self.failed.emit(f"{chosen.name} {reason}")
            return None
        return chosen

    def _rename(self, path: Path, name: str) -> None:
        self._try(lambda: move_role(path, rename(path, name)))

    def _trash(self, path: Path) -> None:
        def move() -> None:
            if not path.exists():
                raise LidarliveError(f"{path} is not there any more")
            if not QFile.moveToTrash(str(path))[0]:
                raise LidarliveError(f"There is no trash that takes {path}. To delete it for good, delete that folder")
            move_role(path, None)

        self._try(move)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except LidarliveError as error:
            self.failed.emit(str(error))
        self.refresh()

    def _read(self) -> None:
        try:
            folders = [path for path in self._dataset.iterdir() if is_recording(path)]
        except OSError:  # there is no such folder before the first recording
            folders = []
        self.found.emit([self._summary(path) for path in sorted(folders, reverse=True)])

    def _summary(self, path: Path) -> RecordingSummary:
        """Read again only where its document has changed."""
        try:
            key = path, (path / "recording.json").stat().st_mtime_ns
        except OSError as error:
            return RecordingSummary(path, path.name, problem=f"cannot be read ({error.strerror})")
        if key not in self._known:
            found = summary(path)
            if found.problem:
                return found
            self._known[key] = found
        return self._known[key]

    def _show(self, found: list[RecordingSummary]) -> None:
        chosen = self.chosen.path if self.chosen is not None else None
        roles = read_roles(self._dataset)
        self.list.clear()
        for each in found:
            item = QListWidgetItem()
            item.setData(SUMMARY, each)
            item.setData(ROLE, roles.get(each.path.name, ""))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, each.name)
            item.setToolTip(tool_tip(each))
            self.list.addItem(item)
            if each.path == chosen:
                self.list.setCurrentItem(item)
        self.nothing.setVisible(not found)
        self.list.setVisible(bool(found))
        self._enable()
        self._reading = False
        if self._again:
            self.refresh()

    def _enable(self) -> None:
        chosen = self.chosen
        for each in (self.play_button, self.role_button):
            each.setEnabled(chosen is not None and bool(chosen.frames))
        for each in (self.rename_button, self.trash_button):
            each.setEnabled(chosen is not None)

    def _build(self) -> None:
        keys: dict[int, Callable[[], None]] = {
            Key.Key_Return: self.play_chosen,
            Key.Key_Enter: self.play_chosen,
            Key.Key_F2: self.ask_name,
            Key.Key_Delete: self.ask_trash,
            Key.Key_T: self.change_role,
        }
        self.list, self.ask, self.nothing = KeyList(keys), InlineQuestion(), QLabel(EMPTY)
        self.list.setItemDelegate(RecordingRowDelegate(self.list))
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(2)
        self.list.currentItemChanged.connect(self._enable)
        self.list.itemDoubleClicked.connect(self.play_chosen)
        self.nothing.hide()  # until it is known
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.play_button = _small_button("Play", "Look at it again in the same views (Enter)", self.play_chosen)
        self.rename_button = _small_button("Rename", "Give it another name (F2)", self.ask_name)
        self.role_button = _small_button(
            "Mark", "For the next retraining: train on it, hold it out, or neither (T)", self.change_role
        )
        self.trash_button = _small_button("Delete", "Move it to the trash (Del)", self.ask_trash)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for each in (self.play_button, self.role_button, self.rename_button, self.trash_button):
            buttons.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self.ask)
        layout.addLayout(buttons)
        self._enable()


def _small_button(text: str, tool_tip: str, pressed: Callable[[], None]) -> QPushButton:
    made = button(text, tool_tip, pressed)
    made.setMinimumSize(0, 28)
    return made
