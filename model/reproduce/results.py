"""The results of a reproduction, written after each trial: a JSON document that an interrupted one continues from.

{"schema_version", "plan", "finished": false, "trials": {name: result}}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from capture.errors import LidarliveError
from capture.storage import json_codec
from capture.storage.durable import replace_file

SCHEMA = 1
DIVERGED = "diverged"  # an end of a training, as in report.Outcome
# Forms that are not a number of epochs.
ZEROED, MEAN_MAP, NEAREST, ONE_MM = "edges zeroed", "mean map", "nearest picture", "1 mm"

Trial = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a reproduction does. `size` is (width, height) of a portrait picture."""

    size: tuple[int, int]
    images: dict[str, int]  # how many of each part
    epochs: int  # of the single network and of both of the pair; the single one is trained for as many again
    short_epochs: int  # of the networks that are compared with the single one at that point
    local: str
    elsewhere: list[str]
    notes: list[str]
    fingerprint: list[str]  # of the data
    seconds_per_image: float  # of a training step of the single network here, measured before


class Results:
    """The document at `path`. Raises LidarliveError where it cannot be written."""

    def __init__(self, path: Path, plan: Plan, trials: dict[str, Trial] | None = None, finished: bool = False) -> None:
        self.path, self.plan, self.finished = path, plan, finished
        self.trials = trials or {}

    @classmethod
    def read(cls, path: Path) -> Results | None:
        """Read the results at `path`; None where there are none. Raises LidarliveError where they cannot be read."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["schema_version"] != SCHEMA:
                raise ValueError(f"it is of schema {document['schema_version']}, not {SCHEMA}")
            return cls(path, json_codec.from_document(Plan, document["plan"]), document["trials"], document["finished"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LidarliveError(f"{path} cannot be read ({error}). Delete it to start again") from None

    def add(self, name: str, trial: Trial) -> None:
        self.trials[name] = trial
        self._write()

    def finish(self) -> None:
        self.finished = True
        self._write()

    def _write(self) -> None:
        document = {
            "schema_version": SCHEMA,
            "plan": asdict(self.plan),
            "finished": self.finished,
            "trials": self.trials,
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, json.dumps(document, indent=1, allow_nan=False).encode() + b"\n")
        except OSError as error:
            raise LidarliveError(f"{self.path} cannot be written ({error.strerror})") from None
