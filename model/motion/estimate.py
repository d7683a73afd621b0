"""What the estimator answers for one view."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from capture.frame import DepthMap
from model.motion.view import Float64, Pixels


class MotionState(Enum):
    """Whether the newest view gave evidence, or why it gave none; the value is for people."""

    EVIDENCE = "points agree"
    NO_PARALLAX = "move the phone a little"
    UNCERTAIN = "too little motion for the distance"
    DISAGREEMENT = "the motion does not fit the picture"


@dataclass(frozen=True, eq=False)
class ScaleEstimate:
    """The factor of one view's prediction.

    log_scale  natural log of true over predicted depth, the mean over the picture; 0 without evidence
    deviation  its standard deviation; the prior's without evidence
    points     that the evidence of this view rests on; 0 if it gave none
    state      whether it gave evidence, or why not
    local      float32 (rows, columns) over the picture: what to add to `log_scale` in each place; None without evidence
    pixels, ahead_m  float32 (n, 2) in the view's picture, float64 (n,) metres: the triangulated points
    """

    log_scale: float
    deviation: float
    points: int
    state: MotionState
    local: DepthMap | None
    pixels: Pixels
    ahead_m: Float64

    @property
    def scale(self) -> float:
        """Factor for the prediction."""
        return math.exp(self.log_scale)

    def scaled(self, predicted_m: DepthMap) -> DepthMap:
        """Return the prediction of this view, float32 (h, w), metres, with its factor in each place."""
        if self.local is None:
            return predicted_m * np.float32(self.scale)
        height, width = predicted_m.shape
        local = cv2.resize(self.local, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(predicted_m * np.exp(local + np.float32(self.log_scale)), dtype=np.float32)
