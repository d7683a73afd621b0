"""Page before a training: its recordings, its parent weights, and its time."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from app.session.recording_summary import RecordingSummary
from app.widgets.background import Background
from app.widgets.basic import PlainLabel, button, row
from app.widgets.theme import AMBER, GAP, LIGHT_RED
from app.window.retrain.recordings_table import HELD_OUT, TRAIN, RecordingsTable
from app.window.retrain.remedy_bar import RemedyBar
from capture.errors import LidarliveError
from model import store
from model.config import ACTIVE, TrainConfig
from model.preset_facts import DEFAULT_PRESET, PRESETS
from model.report import SAME_WALK
from model.training.estimate import estimate_s
from model.training.preflight import PreflightFinding, Remedies, preflight, remedies

MINUTES = (5, 15, 60, None)  # that can be chosen; None: until it stops improving
CHECK_AFTER_MS = 300  # a user who ticks several boxes is not interrupted between them
STARTER, NOTHING = "starter", ""
EMPTY = "There are no recordings in {folder} yet: press Record in the window."
WHOLE = "Whole recordings are held out, never single frames: neighbouring frames are nearly the same."
START_TIP = "Train on the ticked recordings in a process of its own; view and recording continue"


@dataclass(frozen=True)
class Check:
    """What is known of a choice before it starts; `seconds` is the estimate of the training."""

    findings: list[PreflightFinding]
    seconds: float
    remedies: Remedies


class SetupPage(QWidget):
    """`start` carries the TrainConfig that was chosen; `record` asks for another recording.

    A thread named `preflight` checks the ticked recordings, as it may block on the disk.
    """

    start, record = pyqtSignal(object), pyqtSignal()
    checked = pyqtSignal(int, object)  # number of the check, and the Check

    def __init__(self, recordings: Path) -> None:
        super().__init__()
        self.background = Background()
        self._recordings, self._check = recordings, 0
        self._listed = False
        self._last_fifth: Path | None = None  # the recording that is judged on its own last fifth
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_AFTER_MS)
        self._timer.timeout.connect(self._begin_check)
        self._build()
        self.checked.connect(self._show_check)

    def show_recordings(self, summaries: list[RecordingSummary]) -> None:
        self._listed = True
        self.table.show_recordings(summaries)

    def config(self) -> TrainConfig:
        """The training that is chosen. Raises LidarliveError where no recording is ticked."""
        train, held_out = self.table.ticked(TRAIN), self.table.ticked(HELD_OUT)
        if not train:
            raise LidarliveError("Tick at least one recording under Train. To make one, press Record in the window.")
        parent = self.from_box.currentData()
        return TrainConfig(
            data=tuple(map(str, train + held_out)),
            out=str(store.new_version_folder()),
            held_out=tuple(map(str, held_out)),
            preset=self.preset_box.currentData() if parent == NOTHING else None,
            budget_minutes=self.minutes_box.currentData(),
            continue_from=parent or None,
            resumable=True,
            last_fifth=self._last_fifth is not None,
        )

    def judge_on_last_fifth(self, recording: Path | None) -> None:
        """Train on the beginning of this recording alone, and judge on its end; None: no longer."""
        self._last_fifth = recording
        if recording is None:
            self._changed()
        else:
            self.table.train_on([recording])

    def hold_out(self, recording: Path) -> None:
        """Judge on this recording, and train on all others that are ticked."""
        ticked = self.table.ticked(TRAIN) + self.table.ticked(HELD_OUT)
        self.table.train_on([path for path in ticked if path != recording], [recording])

    def make_room_for_another(self) -> None:
        """Train on all recordings that are ticked, so that the next one is held out."""
        self._last_fifth = None
        self.table.train_on(self.table.ticked(TRAIN) + self.table.ticked(HELD_OUT))

    def _start(self) -> None:
        try:
            self.start.emit(self.config())
        except LidarliveError as error:
            self.findings.setText(html.escape(str(error)))

    def _changed(self) -> None:
        """Describe the new choice, and check it unless it changes again at once."""
        self.preset_box.setEnabled(self.from_box.currentData() == NOTHING)
        if self.table.ticked(TRAIN) != [self._last_fifth] or self.table.ticked(HELD_OUT):
            self._last_fifth = None
        self.table.mark_last_fifth(self._last_fifth)
        held_out = len(self.table.ticked(HELD_OUT))
        recordings = "one recording" if held_out == 1 else f"{held_out} recordings"
        if self._listed and not self.table.summaries:
            self.about.setText(EMPTY.format(folder=self._recordings))
        elif self._last_fifth is not None:
            self.about.setText(f"The result is judged on the last fifth of {self._last_fifth.name} ({SAME_WALK}).")
        elif held_out:
            self.about.setText(f"The result is judged on {recordings} that the training never sees.")
        else:
            self.about.setText("No recording is held out: the result will not be validated.")
        self.start_button.setEnabled(bool(self.table.ticked(TRAIN)))
        self.remedies.setEnabled(False)  # they are of the choice before
        if not self.table.ticked(TRAIN):
            self.remedies.hide()
        self.findings.setText("")
        self.estimate.setText("")
        self._timer.start()

    def _begin_check(self) -> None:
        self._check += 1
        try:
            config = self.config()
        except LidarliveError:  # no recording is ticked, and the page shows that
            return
        train = set(self.table.ticked(TRAIN))
        frames = sum(summary.frames for summary in self.table.summaries if summary.path in train)
        arguments = self._check, config, frames
        self.background.start("preflight", lambda: self._run_check(*arguments))

    def _run_check(self, check: int, config: TrainConfig, frames: int) -> None:
        findings = preflight(config)
        help_needed = any(each.unjudged for each in findings)
        self.checked.emit(
            check, Check(findings, estimate_s(config, frames), remedies(config) if help_needed else Remedies())
        )

    def _show_check(self, number: int, check: Check) -> None:
        if number != self._check or self._timer.isActive():
            return
        findings = check.findings
        if any(each.unjudged and each.level == "problem" for each in findings):
            self.about.setText("The result cannot be judged like this: what is held out is trained on too.")
        colours = {"problem": LIGHT_RED, "warning": AMBER}
        lines = (f"<span style='color: {colours[each.level]}'>●</span> {html.escape(each.text)}" for each in findings)
        self.findings.setText("<br>".join(lines))
        self.start_button.setEnabled(not any(each.level == "problem" for each in findings))
        self.estimate.setText(f"It will take {duration(check.seconds)} at most.")
        self.remedies.show_remedies(findings, check.remedies, self._last_fifth)

    def _build(self) -> None:
        self.table = RecordingsTable()
        self.table.ticks_changed.connect(self._changed)
        self.about, self.findings, self.estimate = PlainLabel(), QLabel(), PlainLabel()
        self.findings.setTextFormat(Qt.TextFormat.RichText)
        for label in (self.about, self.findings):
            label.setWordWrap(True)
        self.about.setToolTip(WHOLE)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.remedies = RemedyBar()
        self.remedies.record.connect(self.record)
        self.remedies.hold_out.connect(self.hold_out)
        self.remedies.last_fifth.connect(self.judge_on_last_fifth)
        self.from_box, self.preset_box, self.minutes_box = QComboBox(), QComboBox(), QComboBox()
        for text, which in (("the weights in use", ACTIVE), ("the starter", STARTER), ("nothing", NOTHING)):
            self.from_box.addItem(text, which)
        for preset in PRESETS:
            self.preset_box.addItem(preset, preset)
        self.preset_box.setCurrentText(DEFAULT_PRESET)
        for minutes in MINUTES:
            self.minutes_box.addItem("until it stops improving" if minutes is None else f"{minutes} minutes", minutes)
        self.from_box.setToolTip("The weights know other rooms: start from nothing only to compare")
        self.preset_box.setToolTip(
            "; ".join(f"{name}: {facts.about}" for name, facts in PRESETS.items()) + ". Only from nothing"
        )
        self.minutes_box.setToolTip("Maximum time; the best epoch is kept")
        for box in (self.from_box, self.preset_box, self.minutes_box):
            box.currentIndexChanged.connect(self._changed)
        self.start_button = button("Start", START_TIP, self._start)
        choices = QGridLayout()
        choices.setHorizontalSpacing(GAP)
        for column, (text, box) in enumerate(
            (("Continue from", self.from_box), ("Networks", self.preset_box), ("Time", self.minutes_box))
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
        layout.addWidget(self.remedies)
        layout.addLayout(row(self.estimate, None, self.start_button))
        self._changed()


def duration(seconds: float) -> str:
    """Rounded to what an estimate can know."""
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"
