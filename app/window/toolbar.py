"""What stands above the pictures: the source, the recording that runs, and the buttons."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.session.status_text import recording_line, recording_tool_tip
from app.widgets.basic import ElidedLabel, button
from app.widgets.theme import GAP, LIGHT_RED
from app.window.filter_popup import FilterButton
from capture.recorder.status import RecordingStatus

USUAL_NAME = "recording"
NAME_WIDTH = 150  # pixels: a word or two


class Toolbar(QWidget):
    """`record` and `retrain` are what the buttons do."""

    def __init__(self, record: Callable[[], None], retrain: Callable[[], None]) -> None:
        super().__init__()
        self.source_label, self.record_label = ElidedLabel(bold=True), ElidedLabel(bold=True)
        self.record_label.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.name_field = QLineEdit()
        self.name_field.setPlaceholderText(USUAL_NAME)
        self.name_field.setToolTip("What to call the next recording")
        self.name_field.setFixedWidth(NAME_WIDTH)
        self.name_field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.name_field.returnPressed.connect(self.name_field.clearFocus)
        self.record_button = button("● Record", "Record to disk (R)", record)
        self.choosing = FilterButton()
        self.retrain_button = button("Retrain…", "Train the network on your recordings (Ctrl+T)", retrain)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.source_label)
        layout.addStretch()
        for widget in (self.record_label, self.name_field, self.record_button, self.choosing, self.retrain_button):
            layout.addWidget(widget)

    @property
    def recording_name(self) -> str:
        """What the next recording is to be called."""
        return self.name_field.text().strip() or USUAL_NAME

    def show_recording(self, recording: RecordingStatus | None, running: bool, stopping: bool) -> None:
        """`stopping`: it was asked to end and is not on disk yet."""
        self.record_button.setText("Finishing…" if stopping else "■ Stop" if running else "● Record")
        self.record_button.setEnabled(not stopping)
        self.name_field.setVisible(not running)
        self.choosing.setVisible(not running)
        self.record_label.setStyleSheet(f"color: {LIGHT_RED}" if running else "")
        if recording is not None:
            self.record_label.show_text(recording_line(recording))
            self.record_label.setToolTip(recording_tool_tip(recording))
