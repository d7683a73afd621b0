"""What `lidarlive check` finds: damage, or something that a person should know before training on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capture.wording import counted

MAX_RUNS = 12  # runs of frames named in a line; the rest is counted, and all are in the JSON


@dataclass(frozen=True)
class Finding:
    """One kind of fault, with all frames that have it.

    is_damage   files or lines are damaged; otherwise a remark, which may have a harmless reason
    frames      their numbers in the files' names, in order; empty if it concerns the recording as a whole
    what        the fault, for the user
    advice      what to do about it
    details     one line for each place that needs one
    """

    kind: str
    is_damage: bool
    frames: tuple[int, ...]
    what: str
    advice: str = ""
    details: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return joined(self.frames)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of consecutive numbers; `numbers` ascend."""
    result: list[tuple[int, int]] = []
    for number in numbers:
        if result and number == result[-1][1] + 1:
            result[-1] = result[-1][0], number
        else:
            result.append((number, number))
    return result


def joined(frames: Sequence[int]) -> str:
    """List frames in runs, at most MAX_RUNS of them: `frames 12-15, 40`; empty for none."""
    ranges = runs(frames)
    words = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:MAX_RUNS]]
    rest = len(ranges) - MAX_RUNS
    more = f" and {counted(rest, 'more place')}" if rest > 0 else ""
    return "" if not frames else f"{'frame' if len(frames) == 1 else 'frames'} {', '.join(words)}{more}"
