"""Find frames of a recording whose picture and depth map do not belong together."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

from capture.inspection.edge_agreement import Agreement
from capture.inspection.findings import Finding
from capture.storage.layout import FrameLine

# Thresholds for mismatched pairs, measured in docs/check.md.
LEAST_USUAL = 0.3  # median agreement of the recording; below it a mismatched pair looks like any other
UNLIKE = 0.35  # share of the median agreement below which a pair counts as mismatched
LEAST_STRENGTH = 0.5  # share of the median edge strength: a bare wall has no edges to compare
LEAST_JUDGED = 8  # frames; fewer give no meaningful median


class PairChecker:
    """Checker of one recording: `add` its frames in order, then get the `findings`."""

    def __init__(self) -> None:
        self._frames, self._scores = array("q"), array("d")
        self._pictures, self._depths = array("d"), array("d")
        self._same: list[int] = []
        self._before: FrameLine | None = None

    def add(self, line: FrameLine, agreement: Agreement | None) -> None:
        """Add a frame; `agreement` is None if one of its files cannot be read."""
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
        """Median agreement of pictures and depth maps; None for too few frames."""
        return float(np.median(self._scores)) if len(self._scores) >= LEAST_JUDGED else None

    @property
    def undetermined(self) -> str:
        """Why mismatched pairs cannot be detected; empty if they can."""
        if self.usual is None:
            return f"whether pictures and depth belong together: that needs {LEAST_JUDGED} frames or more"
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
                "the depth map is bit-identical to the previous frame's, but the picture is not",
                "The depth was not updated. Do not train on these frames if anything moved.",
            )
        if not self.undetermined and (wrong := self._wrong()):
            yield Finding(
                "pair",
                False,
                wrong,
                "picture and depth do not show the same: their edges agree far less than in the rest of the recording",
                "One of them is from another moment, or something close covers the lens. View them: lidarlive view "
                "--source. Do not train on these frames.",
            )

    def _wrong(self) -> tuple[int, ...]:
        scores, pictures, depths = (np.array(each) for each in (self._scores, self._pictures, self._depths))
        has_edges = (pictures >= LEAST_STRENGTH * np.median(pictures)) & (depths >= LEAST_STRENGTH * np.median(depths))
        return tuple(np.array(self._frames)[has_edges & (scores < UNLIKE * np.median(scores))].tolist())


def _same(one: FrameLine, other: FrameLine, kind: str) -> bool:
    return one.files[kind].crc32 == other.files[kind].crc32
