"""The page that replaces the views while there is no frame."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.session.live_session import LiveStatus
from app.session.status_text import sentence, waiting_text
from app.widgets.basic import PlainLabel
from app.widgets.theme import larger_font
from app.window.sources.checklist import Checklist, as_html
from capture.doctor.steps import Step

LINE_WIDTH = 680  # pixels: longer lines cannot be read at a glance


class WaitingPage(QWidget):
    """A headline, a line with what to do, and a progress bar while the source is being prepared.

    While the program waits for a phone, the steps of the connection check follow, and the line is the fix of the failed
    step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.headline, self.detail, self.progress = PlainLabel(), QLabel(), QProgressBar()
        self.steps = Checklist()
        self.headline.setFont(larger_font(self, 1.8))
        self.detail.setFont(larger_font(self, 1.15))
        self.detail.setTextFormat(Qt.TextFormat.RichText)
        self.detail.setMaximumWidth(LINE_WIDTH)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.steps.setMaximumWidth(LINE_WIDTH)
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(320, 6)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addStretch()
        for label in (self.headline, self.detail):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.headline)
        for limited in (self.detail, self.steps):
            row = QHBoxLayout()  # limits the width, and still lets the text wrap
            row.addStretch(1)
            row.addWidget(limited, 100)
            row.addStretch(1)
            layout.addLayout(row)
        layout.addWidget(self.progress, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()

    def show_status(self, status: LiveStatus, steps: Sequence[Step] = ()) -> None:
        """`steps`: results of the connection check, if there are any."""
        headline, detail = waiting_text(status)
        self.headline.setText(headline)
        detail = as_html(_fix(steps) if steps else detail)
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        self.steps.setVisible(bool(steps))
        self.steps.show_steps(steps)
        self.progress.setVisible(status.state == "preparing")
        self.progress.setValue(round(status.prepared * 100))


def _fix(steps: Sequence[Step]) -> str:
    """Return the fix of the failed step as a sentence; empty if none failed."""
    return sentence(next((step.fix for step in steps if step.state == "failed"), ""))
