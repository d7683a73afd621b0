"""Before a training: what to train on, what to judge by, what to go on from, and for how long."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtWidgets import QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from app.session.recording_summary import RecordingSummary
from app.widgets.background import Background
from app.widgets.basic import button, row
from app.widgets.theme import AMBER, GAP, LIGHT_RED
from app.window.retrain.recordings_table import HELD_OUT, TRAIN, RecordingsTable
from capture.errors import LidarliveError
from model import store
from model.config import ACTIVE, TrainConfig
from model.preset_facts import DEFAULT_PRESET, PRESETS
from model.training.estimate import estimate_s
from model.training.preflight import PreflightFinding, preflight

MINUTES = (5, 15, 60, None)  # that can be chosen; None: until it stops improving
LOOK_AFTER_MS = 300  # a person who ticks several boxes is not in between them yet
STARTER, NOTHING = "starter", ""
EMPTY = "There are no recordings in {folder} yet: press Record in the window."
WHOLE = "Whole recordings are held out, never single frames: who has learned one frame knows the next one too."
START_TIP = "Train on the ticked recordings in a process of its own; view and recording go on"


class SetupPage(QWidget):
    """`start` carries the TrainConfig that was chosen.

    A thread named `preflight` looks at the recordings that are ticked, because it may block on the disk.
    """

    start = pyqtSignal(object)
    looked = pyqtSignal(int, list, float)  # which look, its findings, seconds that the training will take

    def __init__(self, recordings: Path) -> None:
        super().__init__()
        self.background = Background()
        self._recordings, self._look = recordings, 0
        self._listed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LOOK_AFTER_MS)
        self._timer.timeout.connect(self._begin_look)
        self._build()
        self.looked.connect(self._show_findings)

    def show_recordings(self, found: list[RecordingSummary]) -> None:
        self._listed = True
        self.table.show_recordings(found)

    def config(self) -> TrainConfig:
        """The training that is chosen. Raises LidarliveError where nothing is."""
        train, held_out = self.table.ticked(TRAIN), self.table.ticked(HELD_OUT)
        if not train:
            raise LidarliveError("Tick at least one recording under Train. To make one, press Record in the window.")
        go_on_from = self.from_box.currentData()
        return TrainConfig(
            data=tuple(map(str, train + held_out)),
            out=str(store.new_version_folder()),
            held_out=tuple(map(str, held_out)),
            preset=self.preset_box.currentData() if go_on_from == NOTHING else None,
            budget_minutes=self.minutes_box.currentData(),
            continue_from=go_on_from or None,
            resumable=True,
        )

    def _start(self) -> None:
        try:
            self.start.emit(self.config())
        except LidarliveError as error:
            self.findings.setText(str(error))

    def _changed(self) -> None:
        """Something else is chosen: look at it, unless it is changed again at once."""
        self.preset_box.setEnabled(self.from_box.currentData() == NOTHING)
        held_out = len(self.table.ticked(HELD_OUT))
        which = "one recording" if held_out == 1 else f"{held_out} recordings"
        if self._listed and not self.table.summaries:
            self.about.setText(EMPTY.format(folder=self._recordings))
        elif held_out:
            self.about.setText(f"The result is judged on {which} that the training never sees.")
        else:
            self.about.setText("Nothing is held out: the result will not be validated.")
        self.start_button.setEnabled(bool(self.table.ticked(TRAIN)))
        self.findings.setText("")
        self.estimate.setText("")
        self._timer.start()

    def _begin_look(self) -> None:
        self._look += 1
        try:
            config = self.config()
        except LidarliveError:  # nothing is ticked, and the page says so
            return
        train = set(self.table.ticked(TRAIN))
        frames = sum(summary.frames for summary in self.table.summaries if summary.path in train)
        arguments = self._look, config, frames
        self.background.start("preflight", lambda: self._look_at(*arguments))

    def _look_at(self, look: int, config: TrainConfig, frames: int) -> None:
        self.looked.emit(look, preflight(config), estimate_s(config, frames))

    def _show_findings(self, look: int, found: list[PreflightFinding], seconds: float) -> None:
        if look != self._look or self._timer.isActive():
            return
        colours = {"problem": LIGHT_RED, "warning": AMBER}
        said = (f"<span style='color: {colours[each.level]}'>●</span> {each.text}" for each in found)
        self.findings.setText("<br>".join(said))
        self.start_button.setEnabled(not any(each.level == "problem" for each in found))
        self.estimate.setText(f"It will take {duration(seconds)}, at most.")

    def _build(self) -> None:
        self.table = RecordingsTable()
        self.table.ticks_changed.connect(self._changed)
        self.about, self.findings, self.estimate = QLabel(), QLabel(), QLabel()
        for label in (self.about, self.findings):
            label.setWordWrap(True)
        self.about.setToolTip(WHOLE)
        self.from_box, self.preset_box, self.minutes_box = QComboBox(), QComboBox(), QComboBox()
        for text, which in (("the weights in use", ACTIVE), ("the starter", STARTER), ("nothing", NOTHING)):
            self.from_box.addItem(text, which)
        for preset in PRESETS:
            self.preset_box.addItem(preset, preset)
        self.preset_box.setCurrentText(DEFAULT_PRESET)
        for minutes in MINUTES:
            self.minutes_box.addItem("until it stops improving" if minutes is None else f"{minutes} minutes", minutes)
        self.from_box.setToolTip("What is known of other rooms is worth keeping: start from nothing only to compare")
        self.preset_box.setToolTip("Which networks: only where they begin from nothing")
        self.minutes_box.setToolTip("How long it may take; the best so far is kept")
        for box in (self.from_box, self.preset_box, self.minutes_box):
            box.currentIndexChanged.connect(self._changed)
        self.start_button = button("Start", START_TIP, self._start)
        choices = QGridLayout()
        choices.setHorizontalSpacing(GAP)
        for column, (text, box) in enumerate(
            (("Go on from", self.from_box), ("Networks", self.preset_box), ("Time", self.minutes_box))
        ):
            choices.addWidget(QLabel(text), 0, column)
            choices.addWidget(box, 1, column)
            choices.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.about)
        layout.addLayout(choices)
        layout.addWidget(self.findings)
        layout.addLayout(row(self.estimate, None, self.start_button))
        self._changed()


def duration(seconds: float) -> str:
    """In words that do not pretend to know it to the second."""
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"
