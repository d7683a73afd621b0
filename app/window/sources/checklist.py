"""The steps of the connection check as a list: a mark, a name, and what was found."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QGridLayout, QLabel

from app.widgets.basic import PlainLabel
from app.widgets.theme import CODE_GROUND, DIM_TEXT, STATE_COLOURS, TEXT, color_text, style_card
from capture.doctor.steps import Step

MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}


def as_html(text: str) -> str:
    """Escape text for a rich-text label; commands between backquotes become code."""
    code = rf"<code style='background: {CODE_GROUND}'>&nbsp;\1&nbsp;</code>"
    return re.sub(r"`([^`]*)`", code, html.escape(text, quote=False)).replace("\n", "<br>")


class Checklist(QFrame):
    """One row for each step. The fix of a failed step is shown elsewhere, larger; that of a warning in its row."""

    def __init__(self) -> None:
        super().__init__()
        style_card(self)
        self._steps: tuple[Step, ...] = ()
        self._rows: list[tuple[QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(18, 14, 18, 14)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)

    def show_steps(self, steps: Sequence[Step]) -> None:
        """Replace all rows."""
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

    def finding_labels(self) -> list[QLabel]:
        """Return the label of what was found for each visible row."""
        return [found for _, _, found in self._rows if found.isVisible()]

    def _add_row(self) -> None:
        row = (QLabel(), PlainLabel(), QLabel())
        for column, label in enumerate(row):
            label.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label, len(self._rows), column)
        row[2].setTextFormat(Qt.TextFormat.RichText)
        row[2].setWordWrap(True)
        row[2].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._rows.append(row)

    def _fill(self, row: tuple[QLabel, QLabel, QLabel], step: Step) -> None:
        mark, name, found = row
        color = STATE_COLOURS[step.state]
        bright = TEXT if step.state != "skipped" else DIM_TEXT
        mark.setText(f"<b>{MARKS[step.state]}</b>")
        mark.setAccessibleName(step.state)
        color_text(mark, color)
        name.setText(step.name)
        color_text(name, bright)
        text = as_html(step.found)
        if step.state == "warning" and step.fix:
            text += f"<br><span style='color: {DIM_TEXT.name()}'>{as_html(step.fix)}</span>"
        found.setText(text)
        color_text(found, color if step.state == "failed" else bright)
