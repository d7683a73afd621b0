"""Which way up a frame is to be shown. Only the view turns: frames, recordings and the network stay as received.

Where the phone measures its pose, gravity says it: the world's y axis points up (ARKit's world alignment `gravity`),
and the pose is of a camera with the axes of the picture as received. So it is in real recordings of a phone held in
portrait: with these axes, and no others, depth maps of two moments meet within a centimetre, and "up" is their
pictures' upper edge. What is sent from a phone held in landscape could not be tried. Users of Record3D since 1.10.1
report pictures that are not rotated, and a pose in other axes than before (github.com/notmahi/dobb-e, pull request 11),
which fits. Apps of 2022 counted poses from the first one (github.com/marek-simonik/record3d, issue 27): in their files
up is the upper edge of the first picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from capture.frame import Camera, Frame
from capture.geometry.gravity import quarter_turns, up_in_camera


@dataclass(frozen=True)
class Rotation:
    """From the picture as received to the picture as seen: mirrored left to right, then turned clockwise.

    Places are in shares of a picture's width and height, from its upper left corner.
    """

    quarter_turns: int = 0  # 0 to 3
    mirrored: bool = False

    @property
    def is_sideways(self) -> bool:
        """Whether width and height change places."""
        return self.quarter_turns % 2 == 1

    def turned(self, quarter_turns: int) -> Rotation:
        """So much further clockwise."""
        return Rotation((self.quarter_turns + quarter_turns) % 4, self.mirrored)

    def seen(self, x: float, y: float) -> tuple[float, float]:
        """Where a place in the picture as received is seen."""
        if self.mirrored:
            x = 1 - x
        for _ in range(self.quarter_turns):
            x, y = 1 - y, x
        return x, y

    def received(self, x: float, y: float) -> tuple[float, float]:
        """Where a place that is seen is in the picture as received."""
        for _ in range(self.quarter_turns):
            x, y = y, 1 - x
        return (1 - x if self.mirrored else x), y

    def seen_direction(self, right: float, top: float) -> tuple[float, float]:
        """A direction in the picture as received, as it is seen."""
        if self.mirrored:
            right = -right
        for _ in range(self.quarter_turns):
            right, top = top, -right
        return right, top

    def seen_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) as seen of a picture that was received so, or the other way round."""
        return (height, width) if self.is_sideways else (width, height)


AS_RECEIVED = Rotation()


class OrientationTracker:
    """Follows one stream, frame by frame; a turn is kept until another one is clearly right."""

    def __init__(self) -> None:
        self._quarter_turns = 0

    def turn(self, frame: Frame) -> Rotation:
        """How `frame` is to be shown. The front camera's pictures come mirrored, and nothing says how it is held."""
        if frame.camera is Camera.TRUEDEPTH:
            return Rotation(0, mirrored=True)
        up = up_in_camera(frame.pose, frame.depth_size)
        self._quarter_turns = quarter_turns(up, self._quarter_turns) or 0
        return Rotation(self._quarter_turns)
