"""A training beside what is measured: the Retrain button's own trainer, on rendered rooms."""

from __future__ import annotations

from pathlib import Path

from app.window.retrain.training_process import TrainingProcess
from model import store
from model.config import TASKS, TrainConfig
from model.data import rehearsal
from model.events import Event, Progress

BUDGET_MINUTES = 60.0  # longer than any case


class TrainingLoad:
    """A training that continues from `weights` until it is shut down; it leaves no version.

    Raises LidarliveError where the rooms cannot be rendered.
    """

    def __init__(self, weights: Path) -> None:
        rooms, judge = rehearsal.rooms(), rehearsal.unseen_rooms()[0]
        self._config = TrainConfig(
            data=tuple(str(room.path) for room in (*rooms, judge)),
            out=str(store.new_version_folder()),
            held_out=(str(judge.path),),
            continue_from=str(weights),
            budget_minutes=BUDGET_MINUTES,
        )
        self._trainer = TrainingProcess()
        self._trainer.event_received.connect(self._on_event)
        self._trainer.ended.connect(self._end)
        self._steps: dict[str, int] = {}  # of each task
        self.error = ""

    @property
    def images(self) -> int:
        """How many it has seen; 0 until it has prepared its networks."""
        return sum(self._steps.values()) * self._config.recipe.batch

    def start(self) -> None:
        self._trainer.start(self._config)

    def shut_down(self) -> None:
        self._trainer.shut_down()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progress) and event.stage in TASKS:
            self._steps[event.stage] = (event.epoch - 1) * event.steps + event.step

    def _end(self, message: str) -> None:
        self.error = message or "the training has ended already"
