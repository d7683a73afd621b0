"""What is measured: a case is one program that takes the stand-in phone's stream, of one size and rate, for so long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

USUAL_SECONDS = 60.0  # of the longest case; another length scales all of them
MIN_SECONDS = 1.0
WATCH_SHARE = 1 / 3  # of the longest case: it needs no more to be told
NORMAL, LARGE = (720, 960), (1440, 1920)
RATES = (15, 30, 60, 90, 120)
ROUNDS = (1, 2, 3)  # of those that are compared with one another: a shared computer is not as fast all the time
DRIVERS = ("record3d", "native")

Kind = Literal["window", "retrain", "watch", "recorded", "hands", "bare"]
SEEN: tuple[Kind, ...] = ("window", "retrain", "watch")  # there is a window
KEPT: tuple[Kind, ...] = ("window", "retrain", "recorded")  # there is a recording


@dataclass(frozen=True)
class Case:
    """`kind` is the program: the window while it predicts and records, while a training runs besides, or while it
    predicts alone; `lidarlive record`; a driver whose frames are dropped; or the record3d package alone. `rgb_size` is
    (width, height)."""

    name: str
    kind: Kind
    driver: str
    rgb_size: tuple[int, int]
    fps: int
    seconds: float


def all_cases(seconds: float) -> list[Case]:
    """Every case, the longest of `seconds`."""

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
    """What a frame costs: through the package alone, to the app's hands, and recorded."""
    return [
        Case(f"bare-record3d-{round_}", "bare", "record3d", NORMAL, 60, seconds),
        *(Case(f"hands-{driver}-{round_}", "hands", driver, NORMAL, 60, seconds) for driver in DRIVERS),
        *(Case(f"recorded-{driver}-{round_}", "recorded", driver, NORMAL, 60, seconds) for driver in DRIVERS),
    ]
