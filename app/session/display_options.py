"""How frames are shown: which way up, in which colours, over which range, and what of doubtful readings.

Kept until the next start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.session.color_maps import DEPTH_MAPS, difference_m, dimmed_table, with_dimmed
from capture.frame import DepthMap, Frame, UInt8Image

RANGES_M = (1, 2, 3, 5, 10)  # far ends that can be chosen; the near one is 0
DOUBTFUL = ("shown", "dimmed", "hidden")
ORIENTATIONS = ("upright", "received")
LOW_CONFIDENCE = 0


@dataclass(frozen=True)
class DisplayOptions:
    """`colours` is one of DEPTH_MAPS, `far_m` one of RANGES_M or None for the range of what is seen, `doubtful` one of
    DOUBTFUL: what becomes of readings of low confidence. `orientation`, one of ORIENTATIONS, is which way up pictures
    are shown; `quarter_turns` (0 to 3) is how much further clockwise a person has turned them.
    """

    colours: str = "turbo"
    far_m: int | None = None
    doubtful: str = "shown"
    orientation: str = "upright"
    quarter_turns: int = 0

    @property
    def table(self) -> UInt8Image:
        """Colours by index, uint8 (256, 3)."""
        return DEPTH_MAPS[self.colours]

    def hides(self, frame: Frame) -> NDArray[np.bool_] | None:
        """(h, w) of the frame's depth: readings that are not to be shown; None where all are."""
        if self.doubtful != "hidden" or frame.confidence is None:
            return None
        return np.asarray(frame.confidence == LOW_CONFIDENCE)

    def dims(self, frame: Frame) -> NDArray[np.bool_] | None:
        """(h, w) of the frame's depth: readings that are to be shown dimly; None where none are."""
        if self.doubtful != "dimmed" or frame.confidence is None:
            return None
        return np.asarray(frame.confidence == LOW_CONFIDENCE)

    def measured(self, indices: UInt8Image, frame: Frame) -> tuple[UInt8Image, UInt8Image]:
        """Indices of the frame's depth in `table`, and a table, with doubtful readings as they are to be shown."""
        if (hidden := self.hides(frame)) is not None:
            return np.where(hidden, 0, indices).astype(np.uint8), self.table
        if (dimmed := self.dims(frame)) is not None:
            return with_dimmed(indices, dimmed), dimmed_table(self.table)
        return indices, self.table

    def error_m(self, predicted_m: DepthMap, frame: Frame) -> DepthMap:
        """Predicted minus measured as `difference_m` has it; NaN also where the reading is not to be shown."""
        difference = difference_m(predicted_m, frame.depth_m)
        if (hidden := self.hides(frame)) is not None:
            difference[hidden] = np.nan
        return difference
