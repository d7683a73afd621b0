"""How frames are displayed: orientation, colours, range, and what happens to readings of low confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.session.color_maps import DEPTH_MAPS, difference_m, dimmed_table, with_dimmed
from capture.frame import DepthMap, Frame
from capture.jpeg import UInt8Image

RANGES_M = (1, 2, 3, 5, 10)  # far ends to choose from; the near end is 0
DOUBTFUL = ("shown", "dimmed", "hidden")
ORIENTATIONS = ("upright", "received")
LOW_CONFIDENCE = 0


@dataclass(frozen=True)
class DisplayOptions:
    """colours        one of DEPTH_MAPS
    far_m          one of RANGES_M, or None to follow the range of the frame
    doubtful       one of DOUBTFUL: what happens to readings of low confidence
    orientation    one of ORIENTATIONS
    quarter_turns  0 to 3: how much further clockwise a person has turned the pictures
    """

    colours: str = "turbo"
    far_m: int | None = None
    doubtful: str = "shown"
    orientation: str = "upright"
    quarter_turns: int = 0

    @property
    def table(self) -> UInt8Image:
        """Colours of depth by index, uint8 (256, 3)."""
        return DEPTH_MAPS[self.colours]

    def hides(self, frame: Frame) -> NDArray[np.bool_] | None:
        """Return which readings of the frame are hidden: bool (h, w), or None if none are."""
        if self.doubtful != "hidden" or frame.confidence is None:
            return None
        return np.asarray(frame.confidence == LOW_CONFIDENCE)

    def dims(self, frame: Frame) -> NDArray[np.bool_] | None:
        """Return which readings of the frame are dimmed: bool (h, w), or None if none are."""
        if self.doubtful != "dimmed" or frame.confidence is None:
            return None
        return np.asarray(frame.confidence == LOW_CONFIDENCE)

    def measured(self, indices: UInt8Image, frame: Frame) -> tuple[UInt8Image, UInt8Image]:
        """Apply the options to the frame's depth, given as indices into `table`. Returns indices and their table."""
        if (hidden := self.hides(frame)) is not None:
            return np.where(hidden, 0, indices).astype(np.uint8), self.table
        if (dimmed := self.dims(frame)) is not None:
            return with_dimmed(indices, dimmed), dimmed_table(self.table)
        return indices, self.table

    def error_m(self, predicted_m: DepthMap, frame: Frame) -> DepthMap:
        """Return predicted minus measured depth as by `difference_m`; NaN also for hidden readings."""
        difference = difference_m(predicted_m, frame.depth_m)
        if (hidden := self.hides(frame)) is not None:
            difference[hidden] = np.nan
        return difference
