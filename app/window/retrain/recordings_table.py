"""Table of the recordings, with ticks for training and holding out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtGui import QIcon, QImage, QPainter, QPixmap
from PyQt5.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.session import training_roles
from app.session.recording_summary import RecordingSummary, summary
from app.widgets.basic import plain_tip
from app.widgets.qimages import rgb_image
from app.widgets.recording_row import tool_tip
from app.widgets.theme import style_check_table
from capture.inspection.survey import LEAST_SHARE, METRES
from capture.storage.layout import is_recording

Tick = Qt.CheckState
COLUMNS = ("Train", "Held out", "Recording", "Frames", "Length", "Depth")
TRAIN, HELD_OUT, NAME = 0, 1, 2
COLUMN_OF = {training_roles.TRAIN: TRAIN, training_roles.HELD_OUT: HELD_OUT}
LAST_FIFTH = "\u2003last fifth"  # an em space: the style moves the check box to the right, not the text
ICON = 40  # pixels of a thumbnail's longer side


def list_summaries(dataset: Path) -> list[RecordingSummary]:
    """Summaries of all recordings in the folder, oldest first. Repairs torn ones: may block on the disk."""
    if not dataset.is_dir():
        return []
    return [summary(path) for path in sorted(dataset.iterdir()) if is_recording(path)]


class RecordingsTable(QTableWidget):
    """One row per recording, with a tick for training and one for holding out; at most one of the two is set."""

    ticks_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.summaries: list[RecordingSummary] = []
        self.setHorizontalHeaderLabels(COLUMNS)
        style_check_table(self)
        self.setShowGrid(False)
        self.setIconSize(QSize(ICON, ICON))
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if (rows := self.verticalHeader()) is not None:
            rows.hide()
        if (columns := self.horizontalHeader()) is not None:
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.itemChanged.connect(self._item_changed)

    def show_recordings(self, summaries: list[RecordingSummary]) -> None:
        """List these, ticked as before or else by their role (app/session/training_roles.py).

        Of the rest, the newest is held out where none is and there are two or more; the others are trained on.
        """
        before = {path: column for column in (TRAIN, HELD_OUT) for path in self.ticked(column)}
        known = {summary.path for summary in self.summaries}
        usable = [summary.path for summary in summaries if not summary.problem]
        marked = {
            path: COLUMN_OF[role] for path in usable if (role := training_roles.read_roles(path.parent).get(path.name))
        }
        ticked = {path: before[path] for path in usable if path in before} | {
            path: column for path, column in marked.items() if path not in known
        }
        new = [path for path in usable if path not in ticked and path not in known]
        if new and len(usable) > 1 and HELD_OUT not in ticked.values():
            ticked[new.pop()] = HELD_OUT
        ticked |= dict.fromkeys(new, TRAIN)
        self.summaries = summaries
        self.blockSignals(True)
        self.setRowCount(len(summaries))
        for number, each in enumerate(summaries):
            self._fill(number, each, ticked.get(each.path))
        self.blockSignals(False)
        self.ticks_changed.emit()

    def ticked(self, column: int) -> list[Path]:
        """Paths of the recordings that are ticked in the column TRAIN or HELD_OUT."""
        items = ((each, self.item(row, column)) for row, each in enumerate(self.summaries))
        return [each.path for each, item in items if item is not None and item.checkState() == Tick.Checked]

    def ticked_summaries(self) -> list[RecordingSummary]:
        """Of the recordings that are ticked in either column."""
        paths = {*self.ticked(TRAIN), *self.ticked(HELD_OUT)}
        return [each for each in self.summaries if each.path in paths]

    def tick(self, row: int, column: int, ticked: bool = True) -> None:
        if (item := self.item(row, column)) is not None:
            item.setCheckState(Tick.Checked if ticked else Tick.Unchecked)

    def train_on(self, paths: Sequence[Path], held_out: Sequence[Path] = ()) -> None:
        """Tick these recordings and no others."""
        self.blockSignals(True)
        for row, each in enumerate(self.summaries):
            if not each.problem:
                self.tick(row, TRAIN, each.path in paths)
                self.tick(row, HELD_OUT, each.path in held_out)
        self.blockSignals(False)
        self.ticks_changed.emit()

    def mark_last_fifth(self, path: Path | None) -> None:
        """Mark the recording that is judged on its own last fifth, and no other."""
        self.blockSignals(True)
        for row, each in enumerate(self.summaries):
            item = self.item(row, HELD_OUT)
            if item is not None and not each.problem:
                item.setText(LAST_FIFTH if each.path == path else "")
                if each.path == path:
                    item.setCheckState(Tick.PartiallyChecked)
                elif item.checkState() == Tick.PartiallyChecked:
                    item.setCheckState(Tick.Unchecked)
        self.blockSignals(False)

    def _fill(self, row: int, summary: RecordingSummary, ticked: int | None) -> None:
        numbers = ("–",) * 3 if summary.problem else (str(summary.frames), summary.length, reach(summary.coverage))
        for column, text in enumerate(("", "", summary.path.name, *numbers)):
            item = QTableWidgetItem(text)
            item.setToolTip(plain_tip(tool_tip(summary)))
            item.setFlags(Qt.ItemFlag.NoItemFlags if summary.problem else Qt.ItemFlag.ItemIsEnabled)
            if column < NAME and not summary.problem:
                item.setFlags(Qt.ItemFlags() | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Tick.Checked if ticked == column else Tick.Unchecked)
            if column == NAME and summary.thumbnail is not None:
                item.setIcon(QIcon(in_a_square(rgb_image(summary.thumbnail))))
            if column > NAME:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
            self.setRowHeight(row, ICON + 8)

    def _item_changed(self, item: QTableWidgetItem) -> None:
        if item.column() < NAME and item.checkState() == Tick.Checked:
            self.tick(item.row(), HELD_OUT if item.column() == TRAIN else TRAIN, False)
        self.ticks_changed.emit()


def in_a_square(picture: QImage) -> QPixmap:
    """Centre the picture in a square, so that the names beside pictures of either orientation are aligned."""
    side = 2 * ICON  # for screens of high density
    square = QPixmap(side, side)
    square.fill(Qt.GlobalColor.transparent)
    fitted = picture.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    painter = QPainter(square)
    painter.drawImage((side - fitted.width()) // 2, (side - fitted.height()) // 2, fitted)
    painter.end()
    return square


def reach(coverage: tuple[float, ...]) -> str:
    """Range of confident depth, in metres."""
    covered = [metre for metre, share in enumerate(coverage) if share >= LEAST_SHARE]
    if not covered:
        return "none"
    far = f"{METRES} m +" if covered[-1] == METRES else f"{covered[-1] + 1} m"
    return f"{covered[0]} to {far}"
