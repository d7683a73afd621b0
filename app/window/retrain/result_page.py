"""Page after a training: compares the weights in use with the new ones, and offers to use either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHeaderView, QScrollArea, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.widgets.background import Background
from app.widgets.basic import PlainLabel, button, row
from app.widgets.theme import AMBER, GAP, color_text
from app.window.retrain.worst_frames import WorstFrame, WorstFrameRow, predict_shots
from capture.errors import LidarliveError
from model.report import SAME_WALK, PairedFigures, Report, Shot, VersionComparison

MEASURES = (("abs_rel", "AbsRel", 3), ("rmse_m", "RMSE, m", 3), ("delta1", "δ1", 3), ("edge_f1", "edge F1", 3))
HEADER = ("", "in use", "new", "difference", "95 % of it")
JUDGED_ON_SAME_WALK = f"{SAME_WALK.capitalize()}. To know more, record a second one."
NOT_VALIDATED = "Not validated: no recording was held out, so the accuracy on other scenes is unknown."


class ResultPage(QWidget):
    """`use` and `keep` decide about the new weights, `back` returns to the previous ones.

    A thread named `worst` predicts the worst frames with both versions, as it may block on the disk and on inference.
    """

    use, keep, back = pyqtSignal(), pyqtSignal(), pyqtSignal()
    predicted = pyqtSignal(list)  # of WorstFrame, from the thread

    def __init__(self) -> None:
        super().__init__()
        self.background = Background()
        self._build()
        self.predicted.connect(self._show_worst)

    def show_report(self, weights: Path, report: Report) -> None:
        """Show the report of a training that made the version in the folder `weights`."""
        judged = report.validated or report.same_walk
        comparison = report.comparison if judged else None
        self.title.setText(f"New weights: {weights.name}")
        self.same_walk.setVisible(report.same_walk)
        self.verdict.setVisible(comparison is not None or not judged)
        self.verdict.setText(comparison.verdict.sentence if comparison else NOT_VALIDATED)
        self.notes.setText("\n".join((comparison or report).notes))
        self.notes.setVisible(bool(self.notes.text()))
        self._show_table(comparison_lines(comparison) if comparison else figure_lines(report))
        recommended = bool(comparison and comparison.verdict.recommended)
        self.use_button.setDefault(recommended)
        self.use_button.setText("Use (recommended)" if recommended else "Use")
        self._show_worst([])
        self.in_use(False)
        if comparison and comparison.worst:
            arguments = comparison.worst, Path(comparison.champion), weights
            self.background.start("worst", lambda: self._predict(*arguments))

    def in_use(self, used: bool) -> None:
        """Offer to go back where the new weights are in use, to use them where they are not."""
        self.use_button.setVisible(not used)
        self.keep_button.setVisible(not used)
        self.back_button.setVisible(used)

    def enable_buttons(self, enabled: bool) -> None:
        """Disable the buttons while what one of them has begun is not done."""
        for each in (self.use_button, self.keep_button, self.back_button):
            each.setEnabled(enabled)

    def _predict(self, shots: Sequence[Shot], champion: Path, challenger: Path) -> None:
        try:
            self.predicted.emit(predict_shots(shots, champion, challenger))
        except LidarliveError:  # a recording or a version is gone: show the figures without pictures
            self.predicted.emit([])

    def _show_worst(self, frames: list[WorstFrame]) -> None:
        for old in self.shots.findChildren(WorstFrameRow):
            old.setParent(None)
        layout = self.shots.layout()
        assert layout is not None
        for each in frames:
            layout.addWidget(WorstFrameRow(each))
        self.worst.setVisible(bool(frames))
        self.shots_area.setVisible(bool(frames))

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
        self.title, self.verdict, self.notes = PlainLabel(), PlainLabel(), PlainLabel()
        self.same_walk = PlainLabel(JUDGED_ON_SAME_WALK)
        color_text(self.same_walk, AMBER)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        for label in (self.same_walk, self.verdict, self.notes):
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
            PlainLabel("Largest errors of the new weights:"),
            QWidget(),
            QScrollArea(),
        )
        QVBoxLayout(self.shots).setSpacing(GAP)
        self.shots_area.setWidget(self.shots)
        self.shots_area.setWidgetResizable(True)
        self.use_button = button("Use (recommended)", "Predict with the new weights from now on", self.use.emit)
        self.keep_button = button("Keep current", "The new ones stay on disk", self.keep.emit)
        self.back_button = button("Go back", "Return to the weights that were in use before", self.back.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        for widget in (self.title, self.same_walk, self.verdict, self.notes):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.worst)
        layout.addWidget(self.shots_area, 1)
        layout.addLayout(row(None, self.keep_button, self.use_button, self.back_button))
        self.in_use(False)


def comparison_lines(comparison: VersionComparison) -> list[tuple[str, ...]]:
    """Rows of the table: every measure on held-out frames, the errors by metre, then rendered rooms."""
    where = "same walk" if comparison.same_walk else "held out"
    lines: list[tuple[str, ...]] = [*_measured(where, comparison.recordings)]
    for metre in comparison.recordings.by_metre:
        reach = f"RMSE, m, at {metre.from_m} to {metre.from_m + 1} m ({metre.share:.0%})"
        old, new = metre.champion.rmse_m, metre.challenger.rmse_m
        lines.append((reach, f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}", ""))
    if comparison.rooms is not None:
        lines += _measured("other rooms", comparison.rooms)
    return lines


def _measured(where: str, data: PairedFigures) -> list[tuple[str, ...]]:
    """In the range `near`, where the LiDAR is confident."""
    lines: list[tuple[str, ...]] = []
    for name, title, digits in MEASURES:
        old, new = (side.all["near"][name] for side in (data.champion, data.challenger))
        change = data.differences["near"][name]
        spread = "" if change.interval is None else " to ".join(f"{end:+.{digits}f}" for end in change.interval)
        difference = "–" if change.difference is None else f"{change.difference:+.{digits}f}"
        lines.append((f"{title}, {where}", _figure(old, digits), _figure(new, digits), difference, spread))
    return lines


def figure_lines(report: Report) -> list[tuple[str, ...]]:
    """Rows for a training that was compared with nothing: its figures on what it was measured on."""
    new = report.all["near"]
    where = "same walk" if report.same_walk else "held out" if report.validated else "trained on"
    return [(f"{title}, {where}", "", _figure(new[name], digits), "", "") for name, title, digits in MEASURES]


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
