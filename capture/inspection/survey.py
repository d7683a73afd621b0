"""Survey a recording by a sample of its frames: range of the depth, brightness, tilt, sharpness, stillness.

The sample is a few evenly spaced frames, so that an hour takes no longer than a minute.
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
METRES = 5  # readings are counted per metre up to this, the range of a phone's LiDAR, and all beyond in one more share
LEAST_SHARE = 0.02  # of the pixels, for a metre to count as covered
HIGH_CONFIDENCE = 2
DARK = 0.2  # mean brightness below which a picture has little to learn from
TILTED_DEG = 20.0  # from level: looking up or down
LOOKED_AT = (480, 480)  # least (width, height) to decode a picture to: blur of two pixels of 960 is still visible
BLURRED = 0.35  # of the recording's median sharpness


@dataclass(frozen=True)
class DepthReach:
    """Range of the depth in the sampled frames.

    coverage   of all pixels, the share with a confident reading at 0 to 1 m, 1 to 2 m, ... 4 to 5 m, and beyond;
               readings without a confidence map count as confident
    range_m    2nd and 98th percentile of all readings, confident or not; None if there are none
    """

    coverage: tuple[float, ...]
    range_m: tuple[float, float] | None

    @property
    def confident(self) -> float:
        """Share of all pixels with a confident reading."""
        return sum(self.coverage)


@dataclass(frozen=True)
class Survey:
    """Properties of the sampled frames of a recording. Shares are of the `looked_at` frames, brightness is 0 to 1.

    brightness   mean of each picture: the darkest, the median, the brightest
    tilt_deg     how far up (+) or down (-) the camera looked: the lowest, the median, the highest; None without poses.
                 `looked_down` and `looked_up`: shares of frames tilted by more than TILTED_DEG
    blurred      number of frames that are far less sharp than the median of the recording
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
    """Survey a recording; None if it has no frames. Raises LidarliveError if a frame cannot be read."""
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
    """Measure a recording with at least one frame. Raises LidarliveError if a frame cannot be read."""
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
    """Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) over that of the picture, independent of contrast.

    Only comparable between pictures of similar scenes.
    """
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)  # suppress JPEG and sensor noise
    return float(cv2.Laplacian(smooth, cv2.CV_32F).var() / max(float(grey.var()), 1.0))


def _tilt_deg(recording: Recording, i: int) -> float | None:
    up = up_in_camera(recording.line(i).pose, recording.info.depth_size)
    return None if up is None else degrees(asin(max(-1.0, min(1.0, -up[2]))))  # the camera looks along -z


def _low_median_high(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values.min()), float(np.median(values)), float(values.max())
