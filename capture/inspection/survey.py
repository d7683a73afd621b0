"""What a sample of its frames says of a recording: how far the depth reaches, how bright, how held, how sharp.

A few frames, evenly spread, so that an hour takes no longer than a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, degrees

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.geometry.gravity import up_in_camera
from capture.inspection.motion import Stillness, evenly_spaced, stillness
from capture.jpeg import reduction
from capture.recording import Recording

SAMPLES = 40
METRES = 5  # readings are counted by metre up to this, as far as a phone's LiDAR sees, and all beyond in one more share
LEAST_SHARE = 0.02  # of the pixels, for a metre to count as covered
HIGH_CONFIDENCE = 2
DARK = 0.2  # mean brightness below which little of a picture is left to learn from
TILTED_DEG = 20.0  # from level: looking up or down
LOOKED_AT = (480, 480)  # (width, height) that a picture is decoded to at least: blur of two pixels of 960 still shows
BLURRED = 0.35  # of the sharpness that is usual in the recording


@dataclass(frozen=True)
class DepthReach:
    """What depth maps hold, of those looked at.

    coverage   of all pixels, the share with a confident reading at 0 to 1 m, 1 to 2 m, ... 4 to 5 m, and beyond. A
               camera without confidence is believed
    range_m    2nd and 98th percentile of all readings, confident or not; None where there is no reading
    """

    coverage: tuple[float, ...]
    range_m: tuple[float, float] | None

    @property
    def confident(self) -> float:
        """Share of all pixels."""
        return sum(self.coverage)


@dataclass(frozen=True)
class Survey:
    """A recording by the frames looked at. Shares are of those, brightness from 0 to 1.

    brightness   mean of each picture: the darkest, the median, the brightest
    tilt_deg     how far up (+) or down (-) the camera looked: the lowest, the median, the highest; None where no pose
                 tells. `looked_down` and `looked_up`: by more than TILTED_DEG
    blurred      how many of the frames are far less sharp than is usual in the recording
    """

    looked_at: int
    depth: DepthReach
    brightness: tuple[float, float, float]
    dark: float
    tilt_deg: tuple[float, float, float] | None
    looked_down: float
    looked_up: float
    blurred: int
    still: Stillness | None


def survey(recording: Recording) -> Survey | None:
    """None where there is no frame. Raises LidarliveError where one cannot be read."""
    chosen = evenly_spaced(len(recording), SAMPLES)
    if not chosen:
        return None
    reduced = reduction(recording.info.rgb_size, LOOKED_AT)
    greys = (cv2.cvtColor(recording.rgb(recording.line(i), reduced), cv2.COLOR_RGB2GRAY) for i in chosen)
    brightness, sharp = (np.array(each) for each in zip(*((g.mean() / 255, sharpness(g)) for g in greys), strict=True))
    tilts = np.array([tilt for i in chosen if (tilt := _tilt_deg(recording, i)) is not None])
    return Survey(
        looked_at=len(chosen),
        depth=depth_reach(recording, SAMPLES),
        brightness=_low_median_high(brightness),
        dark=float(np.mean(brightness < DARK)),
        tilt_deg=_low_median_high(tilts) if tilts.size else None,
        looked_down=float(np.mean(tilts < -TILTED_DEG)) if tilts.size else 0.0,
        looked_up=float(np.mean(tilts > TILTED_DEG)) if tilts.size else 0.0,
        blurred=int(np.sum(sharp < BLURRED * np.median(sharp))),
        still=stillness(recording),
    )


def depth_reach(recording: Recording, samples: int) -> DepthReach:
    """Of a recording with at least one frame. Raises LidarliveError where one cannot be read."""
    counts, pixels = np.zeros(METRES + 1), 0
    readings = []
    for i in evenly_spaced(len(recording), samples):
        line = recording.line(i)
        depth_m, confidence = recording.depth_m(line), recording.confidence(line)
        read = depth_m > 0
        known = read if confidence is None else read & (confidence == HIGH_CONFIDENCE)
        counts += np.bincount(np.minimum(depth_m[known].astype(int), METRES), minlength=METRES + 1)
        pixels += depth_m.size
        readings.append(depth_m[read])
    every = np.concatenate(readings)
    near_far = np.percentile(every, (2, 98)).tolist() if every.size else None
    return DepthReach(tuple((counts / pixels).tolist()), None if near_far is None else (near_far[0], near_far[1]))


def sharpness(grey: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) over that of the picture, which takes out contrast.

    Only pictures of like scenes compare.
    """
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)  # JPEG and sensor noise are no detail
    return float(cv2.Laplacian(smooth, cv2.CV_32F).var() / max(float(grey.var()), 1.0))


def _tilt_deg(recording: Recording, i: int) -> float | None:
    up = up_in_camera(recording.line(i).pose, recording.info.depth_size)
    return None if up is None else degrees(asin(max(-1.0, min(1.0, -up[2]))))  # it looks along -z


def _low_median_high(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values.min()), float(np.median(values)), float(values.max())
