"""The doctor's steps as a list: a mark, a name, and what was found."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QGridLayout, QLabel

from app.widgets.theme import DIM_TEXT, SURFACE, TEXT
from capture.doctor.steps import Step

MARKS = {"ok": ("✓", "#46a758"), "warning": ("!", "#f0b429"), "failed": ("✗", "#ff6369"), "skipped": ("–", "#a0a5ac")}


def as_html(text: str) -> str:
    """For a label of rich text: what stands between backquotes, a command to type, set off."""
    return re.sub(
        r"`([^`]*)`", r"<code style='background: #3a3d44'>&nbsp;\1&nbsp;</code>", html.escape(text, quote=False)
    ).replace("\n", "<br>")


class Checklist(QFrame):
    """A row a step. What a failed step asks for is said elsewhere, larger; what a warning does stands in its row."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("steps")
        self.setStyleSheet(f"QFrame#steps {{ background: {SURFACE.name()}; border-radius: 6px; }}")
        self._steps: tuple[Step, ...] = ()
        self._rows: list[tuple[QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(18, 14, 18, 14)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)

    def show_steps(self, steps: Sequence[Step]) -> None:
        if tuple(steps) == self._steps:
            return
        self._steps = tuple(steps)
        while len(self._rows) < len(steps):
            self._add_row()
        for i, labels in enumerate(self._rows):
            for label in labels:
                label.setVisible(i < len(steps))
        for step, row in zip(steps, self._rows, strict=False):
            self._fill(row, step)

    def words(self) -> list[QLabel]:
        """What was found, of each row that is shown."""
        return [found for _, _, found in self._rows if found.isVisible()]

    def _add_row(self) -> None:
        row = (QLabel(), QLabel(), QLabel())
        for column, label in enumerate(row):
            label.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label, len(self._rows), column)
        row[2].setTextFormat(Qt.TextFormat.RichText)
        row[2].setWordWrap(True)
        row[2].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._rows.append(row)

    def _fill(self, row: tuple[QLabel, QLabel, QLabel], step: Step) -> None:
        mark, name, found = row
        sign, colour = MARKS[step.state]
        bright = TEXT.name() if step.state != "skipped" else DIM_TEXT.name()
        mark.setText(sign)
        mark.setAccessibleName(step.state)
        mark.setStyleSheet(f"color: {colour}; font-weight: bold")
        name.setText(step.name)
        name.setStyleSheet(f"color: {bright}")
        text = as_html(step.found)
        if step.state == "warning" and step.fix:
            text += f"<br><span style='color: {DIM_TEXT.name()}'>{as_html(step.fix)}</span>"
        found.setText(text)
        found.setStyleSheet(f"color: {colour if step.state == 'failed' else bright}")
