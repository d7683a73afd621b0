"""Find frames without a pose in recordings that have poses: the phone had lost its tracking, or not begun it."""

from __future__ import annotations

from collections.abc import Iterator

from capture.geometry.poses import is_pose
from capture.inspection.findings import Finding
from capture.storage.layout import FrameLine


class LostPoses:
    """Checker of one recording: `add` its lines in order, then get the `findings`."""

    def __init__(self) -> None:
        self._lost: list[int] = []

    def add(self, line: FrameLine) -> None:
        if not is_pose(line.pose):
            self._lost.append(line.index)

    def findings(self) -> Iterator[Finding]:
        if self._lost:
            yield Finding(
                "no_pose",
                False,
                tuple(self._lost),
                "no pose: the phone's tracking was lost here, or had not begun",
                "Exports leave these poses out; nerfstudio, which needs them, leaves out the frames.",
            )
