"""The toolbar above the pictures: source, running recording, and buttons."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.session.status_text import recording_line, recording_tool_tip
from app.widgets.basic import ElidedLabel, button, plain_tip
from app.widgets.theme import GAP, LIGHT_RED, color_text
from app.window.actions import tip_with_key
from app.window.filter_popup import FilterButton
from capture.recorder.status import RecordingStatus

DEFAULT_NAME = "recording"
NAME_WIDTHS = 70, 150  # pixels: a word at least, two at most
SOURCE_WIDTH = 90  # pixels at least: to recognize the source in a narrow window


class Toolbar(QWidget):
    """`record` and `retrain` handle the buttons of these names."""

    def __init__(self, record: Callable[[], None], retrain: Callable[[], None]) -> None:
        super().__init__()
        self.source_label, self.record_label = ElidedLabel(bold=True), ElidedLabel(bold=True)
        self.source_label.setMinimumWidth(SOURCE_WIDTH)
        self.record_label.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.name_field = QLineEdit()
        self.name_field.setPlaceholderText(DEFAULT_NAME)
        self.name_field.setToolTip("Name of the next recording")
        self.name_field.setMinimumWidth(NAME_WIDTHS[0])
        self.name_field.setMaximumWidth(NAME_WIDTHS[1])
        self.name_field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.name_field.returnPressed.connect(self.name_field.clearFocus)
        self.record_button = button("● Record", tip_with_key("record"), record)
        self.filter_button = FilterButton()
        self.retrain_button = button("Retrain…", tip_with_key("retrain"), retrain)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.source_label)
        layout.addStretch()
        for widget in (self.record_label, self.name_field, self.record_button, self.filter_button, self.retrain_button):
            layout.addWidget(widget)

    @property
    def recording_name(self) -> str:
        """Name of the next recording."""
        return self.name_field.text().strip() or DEFAULT_NAME

    def show_recording(self, recording: RecordingStatus | None, running: bool, stopping: bool) -> None:
        """Show a recording's progress. `stopping`: it has been stopped and is not on disk yet."""
        self.record_button.setText("Finishing…" if stopping else "■ Stop" if running else "● Record")
        self.record_button.setEnabled(not stopping)
        self.name_field.setVisible(not running)
        self.filter_button.setVisible(not running)
        color_text(self.record_label, LIGHT_RED if running else "")
        if recording is not None:
            self.record_label.show_text(recording_line(recording))
            self.record_label.setToolTip(plain_tip(recording_tool_tip(recording)))
