"""Moments that a program under test notes about itself and prints as one JSON document."""

from __future__ import annotations

from dataclasses import dataclass

from app.bench.capture.recording_check import Stamp


@dataclass(frozen=True)
class Moments:
    """All moments are clock.now_ns(); None is what the program does not note.

    hands, predicted, painted  (number of the frame, moment): received, predicted, LiDAR depth painted
    blocked                    (moment, ms): the Qt thread's event loop resumed after it had been blocked for ms
    asked_ns                   the button asked for a recording
    switched_ns                without a recording, weights are loaded anew half-way
    started_ns, stopped_ns     start and planned end of what is measured
    trained_images             by the training beside it
    """

    hands: list[Stamp] | None = None
    predicted: list[Stamp] | None = None
    painted: list[Stamp] | None = None
    blocked: list[tuple[int, float]] | None = None
    asked_ns: int | None = None
    switched_ns: int | None = None
    started_ns: int | None = None
    stopped_ns: int | None = None
    trained_images: int | None = None
