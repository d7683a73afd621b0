"""The cases of the capture benchmark: a program that reads the stand-in phone's stream, at one size and rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

USUAL_SECONDS = 60.0  # of the longest case; --seconds scales all cases
MIN_SECONDS = 1.0
WATCH_SHARE = 1 / 3  # of the longest case, which is enough
NORMAL, LARGE = (720, 960), (1440, 1920)
RATES = (15, 30, 60, 90, 120)
ROUNDS = (1, 2, 3)  # of cases that are compared with each other: the speed of a shared computer varies
DRIVERS = ("record3d", "native")

Kind = Literal["window", "retrain", "watch", "recorded", "hands", "bare"]
WITH_WINDOW: tuple[Kind, ...] = ("window", "retrain", "watch")
WITH_RECORDING: tuple[Kind, ...] = ("window", "retrain", "recorded")


@dataclass(frozen=True)
class Case:
    """One program and the stream it reads.

    kind       window    the window, predicting and recording
               retrain   the same beside a training
               watch     the window, predicting only
               recorded  `lidarlive record`
               hands     a driver whose frames are dropped
               bare      the record3d package alone
    rgb_size   (width, height)
    """

    name: str
    kind: Kind
    driver: str
    rgb_size: tuple[int, int]
    fps: int
    seconds: float


def all_cases(seconds: float) -> list[Case]:
    """Return every case; the longest takes `seconds`."""

    def lasting(usual: float) -> float:
        return max(MIN_SECONDS, usual * seconds / USUAL_SECONDS)

    return [
        *(Case(f"window-{driver}", "window", driver, NORMAL, 60, lasting(60)) for driver in DRIVERS),
        *(
            Case(f"watch-{driver}", "watch", driver, NORMAL, 60, lasting(WATCH_SHARE * USUAL_SECONDS))
            for driver in DRIVERS
        ),
        *(Case(f"retrain-{driver}", "retrain", driver, NORMAL, 60, lasting(30)) for driver in DRIVERS),
        *(Case(f"large-{driver}-30", "window", driver, LARGE, 30, lasting(30)) for driver in DRIVERS),
        Case("large-native-60", "window", "native", LARGE, 60, lasting(30)),
        *(case for round_ in ROUNDS for case in _compared(round_, lasting(6))),
        *(
            Case(f"rate-{driver}-{fps}", "recorded", driver, NORMAL, fps, lasting(8))
            for driver in DRIVERS
            for fps in RATES
        ),
    ]


def _compared(round_: int, seconds: float) -> list[Case]:
    """Cases of the cost per frame: the package alone, received by a driver, and recorded."""
    return [
        Case(f"bare-record3d-{round_}", "bare", "record3d", NORMAL, 60, seconds),
        *(Case(f"hands-{driver}-{round_}", "hands", driver, NORMAL, 60, seconds) for driver in DRIVERS),
        *(Case(f"recorded-{driver}-{round_}", "recorded", driver, NORMAL, 60, seconds) for driver in DRIVERS),
    ]
