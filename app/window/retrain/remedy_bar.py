"""Banner that offers, with one press each, ways to have a training judged."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QVBoxLayout

from app.widgets.basic import PlainLabel, button, row
from app.widgets.theme import AMBER, style_banner
from model.report import SAME_WALK
from model.training.preflight import PreflightFinding, Remedies

RECORD_TIP = "Close this, and start to record: walk where the other recordings do not show"
HOLD_OUT_TIP = "Judge on this recording, which has no frame of the others, and train on them"
FIFTH_TIP = (
    "Train on its beginning alone, and judge on its end. A second between them, and what looks nearly the same, is in "
    "neither part"
)


class RemedyBar(QFrame):
    """Hidden where nothing is amiss.

    `record` asks for another recording, `hold_out` carries the Path of the recording to hold out, `last_fifth` that of
    the one to judge on its own end, None to do so no longer.
    """

    record, hold_out, last_fifth = pyqtSignal(), pyqtSignal(object), pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._remedies = Remedies()
        style_banner(self, AMBER)
        self.label = PlainLabel()
        self.label.setWordWrap(True)
        self.record_button = button("Record a second one: walk elsewhere", RECORD_TIP, self.record.emit)
        self.hold_out_button = button("Hold out another one", HOLD_OUT_TIP, self._hold_out)
        self.fifth_button = button("Judge on the last fifth", FIFTH_TIP, self._judge_on_last_fifth)
        self.undo_button = button(
            "Train on all of it", "Judge on nothing: the result is not validated", lambda: self.last_fifth.emit(None)
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(self.label)
        layout.addLayout(row(self.record_button, self.hold_out_button, self.fifth_button, self.undo_button, None))
        self.hide()

    def show_remedies(self, findings: list[PreflightFinding], remedies: Remedies, judged: Path | None) -> None:
        """Offer what helps against the findings; `judged` is the recording that is judged on its last fifth."""
        self._remedies = remedies
        self.setEnabled(True)
        self.setVisible(any(each.unjudged for each in findings))
        offers_fifth = judged is None and remedies.last_fifth is not None
        self.hold_out_button.setVisible(remedies.hold_out is not None)
        self.fifth_button.setVisible(offers_fifth)
        self.undo_button.setVisible(judged is not None)
        if judged is not None:
            self.label.setText("A second walk judges best.")
        elif remedies.hold_out is not None:
            self.label.setText(f"{remedies.hold_out.name} has no frame of the others and can be held out.")
        elif remedies.last_fifth is not None:
            name = remedies.last_fifth.name
            self.label.setText(f"A second walk judges best. Otherwise: the last fifth of {name} ({SAME_WALK}).")
        else:
            self.label.setText("To have the result judged, record a second walk.")

    def _hold_out(self) -> None:
        self.hold_out.emit(self._remedies.hold_out)

    def _judge_on_last_fifth(self) -> None:
        self.last_fifth.emit(self._remedies.last_fifth)
