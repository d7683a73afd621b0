"""Follow corners from one picture to the next: Lucas-Kanade, forth and back.

Corners: Shi and Tomasi, "Good Features to Track" (CVPR 1994). Flow: Bouguet, "Pyramidal Implementation of the Lucas
Kanade Feature Tracker" (Intel, 2000). Forth and back: Kalal et al., "Forward-Backward Error" (ICPR 2010).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.jpeg import UInt8Image
from model.motion.view import Pixels

Keep = NDArray[np.bool_]  # (n,), which points were found again

MOST_POINTS = 200
REFILL_BELOW = MOST_POINTS * 2 // 3  # looking for corners costs as much as following them
APART_PX = 9
QUALITY = 0.005  # of the strongest corner: dim walls have corners too
BORDER_PX = 5
MOST_BACK_ERROR_PX = 0.7
_WINDOW = (15, 15)
_LEVELS = 2
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)


class Tracker:
    """Points of the newest picture; `pixels` float32 (n, 2)."""

    def __init__(self) -> None:
        self.pixels: Pixels = np.zeros((0, 2), np.float32)
        self._gray: UInt8Image | None = None

    def follow(self, gray: UInt8Image, guess: Pixels | None = None) -> Keep:
        """Find the points in the next picture, near `guess` first; forget the others and return which are left."""
        before, self._gray = self._gray, gray
        if before is None or not len(self.pixels):
            return np.zeros(len(self.pixels), np.bool_)
        found, keep = self._flow(before, gray, self.pixels if guess is None else guess)
        if guess is not None and keep.sum() < len(keep) / 4:  # a wrong pose guesses worse than none
            found_again, keep_again = self._flow(before, gray, self.pixels)
            if keep_again.sum() > keep.sum():
                found, keep = found_again, keep_again
        self.pixels = found[keep]
        return keep

    def refill(self, gray: UInt8Image) -> int:
        """Add corners apart from those that are followed; return their number."""
        if len(self.pixels) >= REFILL_BELOW:
            return 0
        free = np.full(gray.shape, 255, np.uint8)
        for x, y in self.pixels.round().astype(int):
            cv2.circle(free, (int(x), int(y)), APART_PX, 0, -1)
        corners = cv2.goodFeaturesToTrack(gray, MOST_POINTS - len(self.pixels), QUALITY, APART_PX, mask=free)
        if corners is None:
            return 0
        self.pixels = np.concatenate([self.pixels, corners[:, 0].astype(np.float32)])
        return len(corners)

    def _flow(self, before: UInt8Image, gray: UInt8Image, guess: Pixels) -> tuple[Pixels, Keep]:
        found, there = _lucas_kanade(before, gray, self.pixels, guess)
        height, width = gray.shape
        keep = there & np.all((found > BORDER_PX) & (found < (width - BORDER_PX, height - BORDER_PX)), axis=1)
        if keep.any():
            back, here = _lucas_kanade(gray, before, found[keep], self.pixels[keep])
            keep[keep] = here & (np.linalg.norm(back - self.pixels[keep], axis=1) < MOST_BACK_ERROR_PX)
        return found, keep


def _lucas_kanade(before: UInt8Image, after: UInt8Image, start: Pixels, guess: Pixels) -> tuple[Pixels, Keep]:
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        start[:, None],
        guess[:, None].copy(),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return found[:, 0], status.ravel() > 0
