"""Beside Record: which frames the next recording takes, and a note to keep with it."""

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

from app.widgets.theme import AMBER, DIM_TEXT, GAP
from app.window.settings import choice_before, remember_choice
from capture.frame_filter import MAX_EVERY, MAX_MOVED_M, MAX_WORSE_THAN, FrameFilter
from capture.storage.names import MAX_NOTE

WIDTH, MOST_LINES = 400, 4  # pixels; what all that can be chosen takes in words
TIP_LETTERS = 80  # of the note, in the tool tip
OFFERED = FrameFilter(every=5, moved_m=0.05, worse_than=0.2)  # what stands beside a box that was never ticked
# A frame to stand out from the pictures by; the style's own boxes are near black on a dark palette.
LOOK = """
    FrameFilterPopup { background: #2b2d32; border: 1px solid #8a8f98 }
    QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid #8a8f98; border-radius: 3px }
    QCheckBox::indicator:checked { background: #4884f0; border-color: #4884f0 }
    QCheckBox::indicator:focus { border-color: #e8eaed }
"""


class FilterButton(QToolButton):
    """Says which frames are recorded, in amber where not every one is, and opens a panel to choose them.

    The choice is kept until the next start; the note is for one recording only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.panel = FrameFilterPopup(choice_before(), self)
        self.panel.changed.connect(self._choose)
        self.setMinimumHeight(32)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self.open)
        self._say()

    @property
    def choice(self) -> FrameFilter:
        """Of the next recording."""
        return self.panel.choice

    @property
    def note(self) -> str:
        """Of the next recording."""
        return self.panel.note.text()

    def forget_note(self) -> None:
        """It belongs to the recording that has begun."""
        self.panel.note.clear()

    def open(self) -> None:
        """Below the button, as far to the right as it reaches; does nothing while a recording runs and it is hidden."""
        if self.isVisible():
            self.panel.adjustSize()
            right = self.mapToGlobal(QPoint(self.width(), self.height() + 4))
            self.panel.move(right - QPoint(self.panel.width(), 0))
            self.panel.show()
            self.panel.note.setFocus()

    def _choose(self) -> None:
        remember_choice(self.choice)
        self._say()

    def _say(self) -> None:
        first, *others = self.choice.short_words().split(" · ")
        words = first + (f" + {len(others)} more" if others else "") + (" · note" if self.note else "")
        self.setText(f"{words[:1].upper()}{words[1:]} ▾")
        self.setStyleSheet("" if self.choice.is_all else f"QToolButton {{ color: {AMBER} }}")  # not of the panel below
        note = f"\nNote: {shorten(self.note, TIP_LETTERS)}" if self.note else ""
        self.setToolTip(f"Recorded: {self.choice.words()}{note}\nChoose which frames, write a note (Ctrl+Shift+R)")


class FrameFilterPopup(QFrame):
    """A pop-up; Esc, Enter or a click elsewhere closes it. What is chosen holds at once."""

    changed = pyqtSignal()

    def __init__(self, choice: FrameFilter, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a click on the button closes, and opens no second time
        self.setStyleSheet(LOOK)
        self.setMinimumWidth(WIDTH)
        self.note = QLineEdit()
        self.note.setMaxLength(MAX_NOTE)
        self.note.setPlaceholderText("kept with the next recording")
        self.note.textChanged.connect(self.changed)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setAlignment(Qt.Alignment() | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.words.setMinimumHeight(MOST_LINES * self.words.fontMetrics().lineSpacing())
        self.words.setStyleSheet(f"color: {DIM_TEXT.name()}")
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(GAP, GAP, GAP, GAP)
        self._layout.setSpacing(10)
        self._layout.setColumnStretch(0, 1)
        self._layout.addWidget(QLabel("Note"), 0, 0)
        self._layout.addWidget(self.note, 1, 0, 1, 2)
        self._layout.addWidget(QLabel("Record every frame, or only"), 2, 0, 1, 2)
        self.every = self._row(
            "every n-th frame",
            "One frame of so many that come",
            (2, MAX_EVERY, "n = ", ""),
            (choice.every > 1, choice.every if choice.every > 1 else OFFERED.every),
        )
        self.moved = self._row(
            "when the camera has moved",
            "Since the last frame that was recorded, or turned by as many degrees.\n"
            "A camera that sends no poses (TrueDepth) is recorded whether it moved or not.",
            (1, round(MAX_MOVED_M * 100), "", " cm"),
            (choice.moved_m is not None, _hundredths(choice.moved_m or OFFERED.moved_m)),
        )
        self.poor = self._row(
            "where the prediction is poor",
            "Off from the LiDAR by more than this in the mean (AbsRel): what the network still has to learn.\n"
            "Frames that come faster than they can be predicted are left out.",
            (1, round(MAX_WORSE_THAN * 100), "off by ", " %"),
            (choice.worse_than is not None, _hundredths(choice.worse_than or OFFERED.worse_than)),
        )
        self._layout.addWidget(self.words, self._layout.rowCount(), 0, 1, 2)
        self.changed.connect(self._say)
        self._say()

    @property
    def choice(self) -> FrameFilter:
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

    def _say(self) -> None:
        words = self.choice.words().replace(" cm", "\u00a0cm").replace(" %", "\u00a0%")  # a unit stays with its number
        rest = "" if self.choice.is_all else ". The others are left out, which is no loss"
        self.words.setText(f"The next recording takes: {words}{rest}.")

    def _row(
        self, text: str, tool_tip: str, limits: tuple[int, int, str, str], chosen: tuple[bool, int]
    ) -> tuple[QCheckBox, QSpinBox]:
        """A box and its number. `limits`: least, most, what stands before and after; `chosen`: ticked, number."""
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
