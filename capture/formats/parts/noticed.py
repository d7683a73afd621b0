"""What an import notices over all frames of a data set, and remarks on once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from capture.formats.parts.exif import without_orientation
from capture.frame import MAX_DEPTH_M
from capture.geometry.poses import is_pose
from capture.geometry.room_depth import DepthReadings, unit_doubt, units
from capture.storage.encoding import EncodedFrame, decode_png
from capture.wording import counted, verb

SAMPLES = 40  # depth maps looked at; decoding one takes a millisecond


class Noticed:
    """Observer of the frames of an import, which also makes picture and depth agree for every reader.

    frames           number of frames of the data set
    units_per_metre  of its depth as assumed or supplied; None if the files state it
    """

    def __init__(self, frames: int, units_per_metre: float | None) -> None:
        self._units_per_metre = units_per_metre
        self._every = max(1, frames // SAMPLES)
        self._readings = DepthReadings()
        self._frames = self._turned = self._without_pose = 0

    def look(self, frame: EncodedFrame) -> EncodedFrame:
        """Note a frame, and return it without an orientation in its picture's EXIF data."""
        if self._units_per_metre is not None and self._frames % self._every == 0:
            self._readings.add(decode_png(frame.depth_png, frame.depth_size, np.uint16))
        self._frames += 1
        self._without_pose += not is_pose(frame.pose)
        jpeg = without_orientation(frame.jpeg)
        self._turned += jpeg is not frame.jpeg
        return replace(frame, jpeg=jpeg)

    def remarks(self) -> Iterator[str]:
        """Yield a line for each thing that was noticed."""
        if lost := self._without_pose:
            yield f"{lost} of {counted(self._frames, 'frame')} {verb(lost, 'has', 'have')} no pose"
        if turned := self._turned:
            yield (
                f"{turned} of {counted(self._frames, 'picture')} had an EXIF orientation, which "
                "was removed: picture and depth both stay as they were stored"
            )
        if self._units_per_metre is not None and self._readings.maps:
            near_far_m = self._readings.near_far_m()
            doubt = unit_doubt(near_far_m, self._units_per_metre)
            if near_far_m is None:
                doubt = (
                    f"no depth map has a reading up to {MAX_DEPTH_M} m, if {units(self._units_per_metre)} a metre. If "
                    "not, import it again with another --depth-scale; for millimetres it is 1000"
                )
            if doubt:
                yield doubt
