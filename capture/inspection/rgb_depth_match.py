"""Which frames of a recording hold a picture and a depth map that do not belong together."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

from capture.inspection.edge_agreement import Agreement
from capture.inspection.findings import Finding
from capture.storage.layout import FrameLine

# How a picture is known not to belong to its depth map, measured in docs/check.md.
LEAST_USUAL = 0.3  # agreement of half of the frames; where it is lower a wrong pair looks like any other
UNLIKE = 0.35  # of what is usual
LEAST_STRENGTH = 0.5  # of what is usual: a bare wall has no edges that could agree
LEAST_JUDGED = 8  # frames; nothing is usual among fewer


class Pairs:
    """Takes the frames of one recording in their order, and says at the end what it found."""

    def __init__(self) -> None:
        self._frames, self._scores = array("q"), array("d")
        self._pictures, self._depths = array("d"), array("d")
        self._same: list[int] = []
        self._before: FrameLine | None = None

    def add(self, line: FrameLine, agreement: Agreement | None) -> None:
        """`agreement` is None where a file of the frame cannot be read."""
        before, self._before = self._before, line
        if before is not None and _same(before, line, "depth") and not _same(before, line, "rgb"):
            self._same.append(line.index)
        if agreement is not None:
            self._frames.append(line.index)
            self._scores.append(agreement.score)
            self._pictures.append(agreement.picture_strength)
            self._depths.append(agreement.depth_strength)

    @property
    def usual(self) -> float | None:
        """How far pictures and depth maps agree in half of the frames; None for too few."""
        return float(np.median(self._scores)) if len(self._scores) >= LEAST_JUDGED else None

    @property
    def untold(self) -> str:
        """Why wrong pairs could not be told; empty where they could."""
        if self.usual is None:
            return f"whether pictures and depth belong together: that takes {LEAST_JUDGED} frames or more"
        if self.usual < LEAST_USUAL:
            return (
                "whether pictures and depth belong together: their edges agree too little in the whole recording "
                f"({self.usual:.2f}, of {LEAST_USUAL} needed)"
            )
        return ""

    def findings(self) -> Iterator[Finding]:
        if self._same:
            yield Finding(
                "same_depth",
                False,
                tuple(self._same),
                "the depth map is that of the frame before, to the last bit, under another picture",
                "The depth stood still while the camera went on. Do not train on these frames where things moved.",
            )
        if not self.untold and (wrong := self._wrong()):
            yield Finding(
                "pair",
                False,
                wrong,
                "picture and depth do not show the same: their edges agree far less than in the rest of the recording",
                "One of them is of another moment, or something close covers the lens. Look at them: lidarlive view "
                "--source. Do not train on these frames.",
            )

    def _wrong(self) -> tuple[int, ...]:
        scores, pictures, depths = (np.array(each) for each in (self._scores, self._pictures, self._depths))
        told = (pictures >= LEAST_STRENGTH * np.median(pictures)) & (depths >= LEAST_STRENGTH * np.median(depths))
        return tuple(np.array(self._frames)[told & (scores < UNLIKE * np.median(scores))].tolist())


def _same(one: FrameLine, other: FrameLine, kind: str) -> bool:
    return one.files[kind].crc32 == other.files[kind].crc32
