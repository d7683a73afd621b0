"""After a training: the weights in use against the new ones, on what neither was trained on; and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHeaderView, QLabel, QScrollArea, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.widgets.background import Background
from app.widgets.basic import button, row
from app.widgets.theme import GAP
from app.window.retrain.worst_frames import WorstFrame, WorstFrameRow, look_at
from capture.errors import LidarliveError

MEASURES = (("abs_rel", "AbsRel", 3), ("rmse_m", "RMSE, m", 3), ("delta1", "δ1", 3), ("edge_f1", "edge F1", 3))
HEADER = ("", "in use", "new", "difference", "95 % of it")
NOT_VALIDATED = "Not validated: nothing was held out, so nothing is known about how good they are elsewhere."


class ResultPage(QWidget):
    """`use` and `keep` are what a person can do with the new weights, `back` to return to those before.

    A thread named `worst` predicts the worst frames with both versions: it may block on the disk and on inference.
    """

    use, keep, back = pyqtSignal(), pyqtSignal(), pyqtSignal()
    looked = pyqtSignal(list)  # of Looked, from the thread

    def __init__(self) -> None:
        super().__init__()
        self.background = Background()
        self._build()
        self.looked.connect(self._show_looked)

    def show_report(self, weights: Path, report: dict[str, Any]) -> None:
        """What the trainer says at its end."""
        comparison = report.get("comparison") if report.get("validated") else None
        self.title.setText(f"New weights: {weights.name}")
        self.verdict.setText(comparison["verdict"]["sentence"] if comparison else NOT_VALIDATED)
        self.notes.setText("\n".join((comparison or report).get("notes", ())))
        self.notes.setVisible(bool(self.notes.text()))
        self._show_table(comparison_lines(comparison) if comparison else figure_lines(report))
        recommended = bool(comparison and comparison["verdict"]["recommended"])
        self.use_button.setDefault(recommended)
        self.use_button.setText("Use (recommended)" if recommended else "Use")
        self._show_looked([])
        self.in_use(False)
        if comparison and comparison["worst"]:
            arguments = comparison["worst"], Path(comparison["champion"]), weights
            self.background.start("worst", lambda: self._look(*arguments))

    def in_use(self, used: bool) -> None:
        """Whether the new weights are, so that the way is back."""
        self.use_button.setVisible(not used)
        self.keep_button.setVisible(not used)
        self.back_button.setVisible(used)

    def _look(self, shots: Sequence[dict[str, Any]], champion: Path, challenger: Path) -> None:
        try:
            self.looked.emit(look_at(shots, champion, challenger))
        except LidarliveError:  # a recording or a version is gone: the figures stand without pictures
            self.looked.emit([])

    def _show_looked(self, found: list[WorstFrame]) -> None:
        for old in self.shots.findChildren(WorstFrameRow):
            old.setParent(None)
        layout = self.shots.layout()
        assert layout is not None
        for each in found:
            layout.addWidget(WorstFrameRow(each))
        self.worst.setVisible(bool(found))
        self.shots_area.setVisible(bool(found))

    def _show_table(self, lines: Sequence[Sequence[str]]) -> None:
        self.table.setRowCount(len(lines))
        for number, line in enumerate(lines):
            for column, text in enumerate(line):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(int(side | Qt.AlignmentFlag.AlignVCenter))
                self.table.setItem(number, column, item)

    def _build(self) -> None:
        self.title, self.verdict, self.notes = QLabel(), QLabel(), QLabel()
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        for label in (self.verdict, self.notes):
            label.setWordWrap(True)
        self.table = QTableWidget(0, len(HEADER))
        self.table.setHorizontalHeaderLabels(HEADER)
        self.table.setShowGrid(False)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if (rows := self.table.verticalHeader()) is not None:
            rows.hide()
        if (columns := self.table.horizontalHeader()) is not None:
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.worst, self.shots, self.shots_area = (
            QLabel("Where the new weights are farthest off:"),
            QWidget(),
            QScrollArea(),
        )
        QVBoxLayout(self.shots).setSpacing(GAP)
        self.shots_area.setWidget(self.shots)
        self.shots_area.setWidgetResizable(True)
        self.use_button = button("Use (recommended)", "Predict with the new weights from now on", self.use.emit)
        self.keep_button = button("Keep current", "The new ones stay on disk", self.keep.emit)
        self.back_button = button("Go back", "Use the weights again that were in use before", self.back.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        for widget in (self.title, self.verdict, self.notes):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.worst)
        layout.addWidget(self.shots_area, 1)
        layout.addLayout(row(None, self.keep_button, self.use_button, self.back_button))
        self.in_use(False)


def comparison_lines(comparison: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of the table: every measure on what was held out, the errors by metre, then rendered rooms."""
    lines: list[tuple[str, ...]] = [*_measured("held out", comparison["recordings"])]
    for metre in comparison["recordings"]["by_metre"]:
        reach = f"RMSE, m, at {metre['from_m']} to {metre['from_m'] + 1} m ({metre['share']:.0%})"
        old, new = (metre[which]["rmse_m"] for which in ("champion", "challenger"))
        lines.append((reach, f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}", ""))
    if comparison["rooms"]:
        lines += _measured("other rooms", comparison["rooms"])
    return lines


def _measured(where: str, data: dict[str, Any]) -> list[tuple[str, ...]]:
    """In the range `near`: where the LiDAR is sure."""
    lines: list[tuple[str, ...]] = []
    for name, title, digits in MEASURES:
        old, new = (data[which]["all"]["near"][name] for which in ("champion", "challenger"))
        difference = data["differences"]["near"][name]
        interval = difference["interval"]
        spread = "" if interval is None else " to ".join(f"{end:+.{digits}f}" for end in interval)
        change = difference["difference"]
        told = "–" if change is None else f"{change:+.{digits}f}"
        lines.append((f"{title}, {where}", _figure(old, digits), _figure(new, digits), told, spread))
    return lines


def figure_lines(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """Of a training that nothing validates: what it comes to on what it was trained on."""
    new = report["all"]["near"]
    return [(f"{title}, trained on", "", _figure(new[name], digits), "", "") for name, title, digits in MEASURES]


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
