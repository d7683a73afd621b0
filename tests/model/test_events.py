"""Typed events and the lines that they are on the wire."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model import store
from model.config import REPORT_NAME
from model.events import TRAINING, Asked, Done, Epoch, Event, Failed, Preview, Progress, Started, decode, encode
from model.report import Report

# Keys that programs which read `lidarlive train --json` rely on.
KEYS = {
    "started": "train held_out preset epochs continue_from resumed notes same_walk",
    "progress": "stage epoch epochs step steps fraction images_per_s eta_s loss",
    "epoch": "stage epoch loss held_out_loss held_out_rmse_m best preview",
    "asked": "early",
    "done": "weights report validated",
    "error": "message",
}


def starter_report() -> Report:
    folder = store.starter()
    assert folder is not None
    return Report.read(folder / REPORT_NAME)


EVENTS: list[Event] = [
    Started({"desk": 3}, {}, None, 4, "v1", True, ["a note"]),
    Progress("gradient", 0.5, 2, 3, 4, 5, 6.5, 0.25, 7.5),
    Progress("rooms", 0.0),
    Epoch("finetune", 1, 0.5, None, None, True, Preview("desk", 0, "aGk=")),
    Asked(early=True),
    Failed("no space"),
]


@pytest.mark.parametrize("event", [*EVENTS, Done("w", starter_report(), validated=True)], ids=lambda event: event.event)
def test_an_event_survives_its_line(event: Event) -> None:
    line = encode(event)
    assert "\n" not in line
    assert decode(line, TRAINING) == event
    assert set(json.loads(line)) == {"event", *KEYS[event.event].split()}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting"),
        ("[]", "must be a JSON object. Received: list"),
        ('{"event": "cheer"}', "not an event of started, progress, epoch, asked, done"),
        ('{"event": "asked"}', "missing field `early`"),
        ('{"event": "asked", "early": 1}', "early must be bool. Received: 1"),
    ],
)
def test_what_is_no_event_is_an_error(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode(line, TRAINING)


def test_a_report_survives_json_and_tolerates_fields_of_other_versions(tmp_path: Path) -> None:
    report = starter_report()
    path = tmp_path / REPORT_NAME
    path.write_text(json.dumps({**json.loads(report.to_json()), "of_a_later_version": 1}))
    assert Report.read(path) == report
