"""The user's recordings as a list to tick: which to train on, which to hold out and judge by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app import roles
from capture.frame import CaptureError
from capture.layout import is_recording
from capture.recording import Recording
from capture.repair import being_written

Tick = Qt.CheckState
COLUMNS = ("Train", "Held out", "Recording", "Frames", "Length")
TRAIN, HELD_OUT, NAME = 0, 1, 2
# The style's own boxes are near black on a dark palette.
BOXES = """
    QTableView::indicator { width: 14px; height: 14px; margin-left: 10px }
    QTableView::indicator { border: 1px solid #8a8f98; border-radius: 3px }
    QTableView::indicator:checked { background: #4884f0; border-color: #4884f0 }
    QTableView::indicator:disabled { border-color: #50545b }
    QTableView::indicator:checked:disabled { background: #50545b }
"""


@dataclass(frozen=True)
class Choice:
    """A recording as it is listed. `problem` says why it cannot be trained on; `role` is one of app.roles, or empty."""

    path: Path
    frames: int = 0
    seconds: float = 0.0
    problem: str = ""
    role: str = ""


def list_recordings(dataset: Path) -> list[Choice]:
    """Every recording in the folder, oldest first. Reads their logs and repairs torn ones: may block on the disk."""
    if not dataset.is_dir():
        return []
    marked = roles.read_roles(dataset)
    folders = [path for path in sorted(dataset.iterdir()) if is_recording(path)]
    return [replace(_choice(path), role=marked.get(path.name, "")) for path in folders]


def _choice(path: Path) -> Choice:
    if being_written(path):
        return Choice(path, problem="being recorded")
    try:
        recording = Recording(path)
        return Choice(path, len(recording), recording.seconds, "" if len(recording) else "no frames")
    except CaptureError as error:
        return Choice(path, problem=str(error))


class RecordingTable(QTableWidget):
    """A row a recording, with a tick for training and one for holding out; at most one of the two is set."""

    ticks_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.choices: list[Choice] = []
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setStyleSheet(BOXES)
        self.setShowGrid(False)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if (rows := self.verticalHeader()) is not None:
            rows.hide()
        if (columns := self.horizontalHeader()) is not None:
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.itemChanged.connect(self._item_changed)

    def show_choices(self, choices: list[Choice]) -> None:
        """List these, ticked as they are marked; of the others the newest is held out where none is marked so and there
        are two or more to train on, and the rest are trained on.
        """
        usable = [choice for choice in choices if not choice.problem]
        held_out = {choice.path for choice in usable if choice.role == roles.HELD_OUT}
        unmarked = [choice.path for choice in usable if not choice.role]
        if not held_out and len(usable) > 1:
            held_out = set(unmarked[-1:])
        self.choices = choices
        self.blockSignals(True)
        self.setRowCount(len(choices))
        for row, choice in enumerate(choices):
            self._fill(row, choice, held_out=choice.path in held_out)
        self.blockSignals(False)
        self.ticks_changed.emit()

    def ticked(self, column: int) -> list[Path]:
        """Paths of the recordings that are ticked under TRAIN or HELD_OUT."""
        items = ((choice, self.item(row, column)) for row, choice in enumerate(self.choices))
        return [choice.path for choice, item in items if item is not None and item.checkState() == Tick.Checked]

    def tick(self, row: int, column: int, ticked: bool = True) -> None:
        if (item := self.item(row, column)) is not None:
            item.setCheckState(Tick.Checked if ticked else Tick.Unchecked)

    def _fill(self, row: int, choice: Choice, held_out: bool) -> None:
        minutes, seconds = divmod(round(choice.seconds), 60)
        numbers = ("–", "–") if choice.problem else (str(choice.frames), f"{minutes}:{seconds:02d}")
        for column, text in enumerate(("", "", choice.path.name, *numbers)):
            item = QTableWidgetItem(text)
            item.setToolTip(choice.problem or str(choice.path))
            item.setFlags(Qt.ItemFlag.NoItemFlags if choice.problem else Qt.ItemFlag.ItemIsEnabled)
            if column < NAME and not choice.problem:
                item.setFlags(Qt.ItemFlags() | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Tick.Checked if held_out == (column == HELD_OUT) else Tick.Unchecked)
            if column > NAME:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)

    def _item_changed(self, item: QTableWidgetItem) -> None:
        if item.column() < NAME and item.checkState() == Tick.Checked:
            self.tick(item.row(), HELD_OUT if item.column() == TRAIN else TRAIN, False)
        self.ticks_changed.emit()
