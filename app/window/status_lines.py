"""The lines below the pictures: marks, accuracy, and the state of the stream."""

from __future__ import annotations

from PyQt5.QtWidgets import QVBoxLayout, QWidget

from app.session.live_session import LiveFrame, LiveStatus
from app.session.orientation import Rotation
from app.session.readout import HELP, Marks, readout
from app.session.status_text import accuracy_line, accuracy_tool_tip, status_line, status_tool_tip
from app.widgets.basic import ElidedLabel, plain_tip


class StatusLines(QWidget):
    """One line for each of the three."""

    def __init__(self) -> None:
        super().__init__()
        self.readout_label, self.status_label = ElidedLabel(), ElidedLabel()
        self.accuracy_label = ElidedLabel(bold=True)
        self.readout_label.setToolTip(HELP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for label in (self.readout_label, self.accuracy_label, self.status_label):
            layout.addWidget(label)

    def show_marks(self, view: LiveFrame, marks: Marks, turn: Rotation) -> None:
        """Show what the marks measure."""
        self.readout_label.show_text(readout(view, marks, turn))

    def show_status(self, status: LiveStatus, streams: bool) -> None:
        """Show accuracy and rates. `streams`: a frame has arrived; without one, rates mean nothing."""
        self.status_label.show_text(status_line(status) if streams else "")
        self.status_label.setToolTip(plain_tip(status_tool_tip(status)))
        self.accuracy_label.show_text(accuracy_line(status.accuracy))
        self.accuracy_label.setToolTip(accuracy_tool_tip(status.accuracy))
