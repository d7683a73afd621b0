"""What `lidarlive check` finds: damage, or something that a person should know before training on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_RUNS = 12  # of frames that a line names; the rest is counted, and all are in the JSON


@dataclass(frozen=True)
class Finding:
    """One kind of fault, of all the frames that have it.

    is_damage   files or lines are not what they should be; else it is a remark, which may have a good reason
    frames      their numbers in the files' names, in order; empty where it is about the recording as a whole
    details     one line for each place where there is more to say
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
    """First and last of each run without a gap, of numbers in order."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def joined(frames: Sequence[int]) -> str:
    """`frames 12-15, 40`: in runs, the first MAX_RUNS of them. Empty for none."""
    found = runs(frames)
    words = [str(first) if first == last else f"{first}-{last}" for first, last in found[:MAX_RUNS]]
    rest = len(found) - MAX_RUNS
    more = f" and {rest} more {'place' if rest == 1 else 'places'}" if rest > 0 else ""
    return "" if not frames else f"{'frame' if len(frames) == 1 else 'frames'} {', '.join(words)}{more}"
