"""Which way up a frame is shown. Only the display turns: frames, recordings and the network stay as received.

The pose of the phone gives the direction of gravity: the world's y axis points up (ARKit's world alignment `gravity`),
and the pose is that of a camera with the axes of the picture as received. Real recordings of a phone held in portrait
agree: with these axes, and no others, depth maps of two moments match within a centimetre, and "up" is the upper edge
of the pictures. A phone held in landscape could not be tried. Users of Record3D since 1.10.1 report pictures that are
not rotated, and a pose in other axes than before (github.com/notmahi/dobb-e, pull request 11), which fits. Apps of 2022
counted poses from the first one (github.com/marek-simonik/record3d, issue 27): in their files up is the upper edge of
the first picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from capture.frame import Camera, Frame
from capture.geometry.gravity import quarter_turns, up_in_camera


@dataclass(frozen=True)
class Rotation:
    """From the picture as received to the picture as displayed: mirrored left to right, then turned clockwise.

    Places are fractions of a picture's width and height, from its upper left corner.
    """

    quarter_turns: int = 0  # 0 to 3
    mirrored: bool = False

    @property
    def is_sideways(self) -> bool:
        """Whether width and height are swapped."""
        return self.quarter_turns % 2 == 1

    def turned(self, quarter_turns: int) -> Rotation:
        """Return this rotation, turned further clockwise."""
        return Rotation((self.quarter_turns + quarter_turns) % 4, self.mirrored)

    def displayed(self, x: float, y: float) -> tuple[float, float]:
        """Convert a place in the picture as received to the picture as displayed."""
        if self.mirrored:
            x = 1 - x
        for _ in range(self.quarter_turns):
            x, y = 1 - y, x
        return x, y

    def received(self, x: float, y: float) -> tuple[float, float]:
        """Convert a place in the picture as displayed to the picture as received."""
        for _ in range(self.quarter_turns):
            x, y = y, 1 - x
        return (1 - x if self.mirrored else x), y

    def displayed_direction(self, right: float, top: float) -> tuple[float, float]:
        """Convert a direction in the picture as received to the picture as displayed."""
        if self.mirrored:
            right = -right
        for _ in range(self.quarter_turns):
            right, top = top, -right
        return right, top

    def displayed_size(self, width: int, height: int) -> tuple[int, int]:
        """Convert (width, height) as received to displayed, or the reverse."""
        return (height, width) if self.is_sideways else (width, height)


AS_RECEIVED = Rotation()


class OrientationTracker:
    """Follows one stream frame by frame, and keeps a turn until another one is clearly right."""

    def __init__(self) -> None:
        self._quarter_turns = 0

    def turn(self, frame: Frame) -> Rotation:
        """Return the rotation for `frame`. The front camera sends mirrored pictures and no pose."""
        if frame.camera is Camera.TRUEDEPTH:
            return Rotation(0, mirrored=True)
        up = up_in_camera(frame.pose, frame.depth_size)
        self._quarter_turns = quarter_turns(up, self._quarter_turns) or 0
        return Rotation(self._quarter_turns)
