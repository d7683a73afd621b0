"""The pop-up beside Record: which frames the next recording keeps, and a note for it."""

from __future__ import annotations

from textwrap import shorten

from PyQt5.QtCore import QPoint, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from app.widgets.basic import PlainLabel, plain_tip
from app.widgets.theme import AMBER, DIM_TEXT, GAP, color_text, style_popup
from app.window.actions import tip_with_key
from app.window.settings import save_frame_filter, saved_frame_filter
from capture.frame_filter import MAX_EVERY, MAX_MOVED_M, MAX_WORSE_THAN, FrameFilter
from capture.storage.names import MAX_NOTE

WIDTH, MAX_LINES = 400, 4  # pixels; of the longest description of a choice
TIP_LENGTH = 80  # characters of the note in the tool tip
SUGGESTED = FrameFilter(every=5, moved_m=0.05, worse_than=0.2)  # beside a box that was never ticked


class FilterButton(QToolButton):
    """Shows which frames are recorded, in amber unless every one is, and opens a pop-up to choose them.

    The choice is kept for the next start; the note is for one recording only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.popup = FrameFilterPopup(saved_frame_filter(), self)
        self.popup.changed.connect(self._choose)
        self.setMinimumHeight(32)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self.open)
        self._show_choice()

    @property
    def choice(self) -> FrameFilter:
        """Which frames the next recording keeps."""
        return self.popup.choice

    @property
    def note(self) -> str:
        """Note for the next recording."""
        return self.popup.note.text()

    def clear_note(self) -> None:
        """Remove the note: it belongs to the recording that has begun."""
        self.popup.note.clear()

    def open(self) -> None:
        """Open the pop-up below the button; does nothing while the button is hidden, as a recording runs."""
        if self.isVisible():
            self.popup.adjustSize()
            right = self.mapToGlobal(QPoint(self.width(), self.height() + 4))
            self.popup.move(right - QPoint(self.popup.width(), 0))
            self.popup.show()
            self.popup.note.setFocus()

    def _choose(self) -> None:
        save_frame_filter(self.choice)
        self._show_choice()

    def _show_choice(self) -> None:
        first, *others = self.choice.short_words().split(" · ")
        words = first + (f" + {len(others)} more" if others else "") + (" · note" if self.note else "")
        self.setText(f"{words[:1].upper()}{words[1:]} ▾")
        color_text(self, "" if self.choice.is_all else AMBER, selector="QToolButton")  # not of its pop-up
        note = f"\nNote: {shorten(self.note, TIP_LENGTH)}" if self.note else ""
        self.setToolTip(plain_tip(f"Recorded: {self.choice.words()}{note}\n{tip_with_key('choose_frames')}"))


class FrameFilterPopup(QFrame):
    """Closed by Esc, Enter or a click elsewhere. Every change applies at once."""

    changed = pyqtSignal()

    def __init__(self, choice: FrameFilter, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        # A click on the button closes the pop-up, and must not open it again.
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)
        style_popup(self)
        self.setMinimumWidth(WIDTH)
        self.note = QLineEdit()
        self.note.setMaxLength(MAX_NOTE)
        self.note.setPlaceholderText("kept with the next recording")
        self.note.textChanged.connect(self.changed)
        self.description = PlainLabel()
        self.description.setWordWrap(True)
        self.description.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.description.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.description.setMinimumHeight(MAX_LINES * self.description.fontMetrics().lineSpacing())
        color_text(self.description, DIM_TEXT)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(GAP, GAP, GAP, GAP)
        self._layout.setSpacing(10)
        self._layout.setColumnStretch(0, 1)
        self._layout.addWidget(QLabel("Note"), 0, 0)
        self._layout.addWidget(self.note, 1, 0, 1, 2)
        self._layout.addWidget(QLabel("Record every frame, or only"), 2, 0, 1, 2)
        self.every = self._row(
            "every n-th frame",
            "One of every n frames",
            (2, MAX_EVERY, "n = ", ""),
            (choice.every > 1, choice.every if choice.every > 1 else SUGGESTED.every),
        )
        self.moved = self._row(
            "when the camera has moved",
            "Since the last recorded frame, or turned by as many degrees.\n"
            "A camera without poses (TrueDepth) is always recorded.",
            (1, round(MAX_MOVED_M * 100), "", " cm"),
            (choice.moved_m is not None, _hundredths(choice.moved_m or SUGGESTED.moved_m)),
        )
        self.poor = self._row(
            "where the prediction is poor",
            "Mean error against the LiDAR (AbsRel) above this: what the network still has to learn.\n"
            "Frames that arrive faster than they can be predicted are left out.",
            (1, round(MAX_WORSE_THAN * 100), "off by ", " %"),
            (choice.worse_than is not None, _hundredths(choice.worse_than or SUGGESTED.worse_than)),
        )
        self._layout.addWidget(self.description, self._layout.rowCount(), 0, 1, 2)
        self.changed.connect(self._show_choice)
        self._show_choice()

    @property
    def choice(self) -> FrameFilter:
        """Which frames are chosen."""
        every, moved_cm, poor_percent = (
            spin.value() if box.isChecked() else None for box, spin in (self.every, self.moved, self.poor)
        )
        return FrameFilter(
            every or 1,
            None if moved_cm is None else moved_cm / 100,
            None if poor_percent is None else poor_percent / 100,
        )

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.hide()
        else:
            super().keyPressEvent(event)

    def _show_choice(self) -> None:
        words = self.choice.words().replace(" cm", "\u00a0cm").replace(" %", "\u00a0%")  # keep a unit with its number
        rest = "" if self.choice.is_all else ". Other frames are left out, and do not count as lost"
        self.description.setText(f"The next recording keeps: {words}{rest}.")

    def _row(
        self, text: str, tool_tip: str, limits: tuple[int, int, str, str], chosen: tuple[bool, int]
    ) -> tuple[QCheckBox, QSpinBox]:
        """Add a check box and its number. `limits`: least, most, prefix, suffix; `chosen`: ticked, number."""
        least, most, before, after = limits
        ticked, number = chosen
        box, spin = QCheckBox(text), QSpinBox()
        box.setToolTip(tool_tip)
        spin.setToolTip(tool_tip)
        spin.setRange(least, most)
        spin.setPrefix(before)
        spin.setSuffix(after)
        spin.setValue(number)
        box.setChecked(ticked)
        spin.setEnabled(ticked)
        box.toggled.connect(spin.setEnabled)
        box.toggled.connect(self.changed)
        spin.valueChanged.connect(self.changed)
        row = self._layout.rowCount()
        self._layout.addWidget(box, row, 0)
        self._layout.addWidget(spin, row, 1)
        return box, spin


def _hundredths(value: float | None) -> int:
    return round((value or 0) * 100)
