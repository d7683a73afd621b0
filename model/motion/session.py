"""Scale from motion for a stream of any rate: views ten times a second, the newest estimate for the frames between."""

from __future__ import annotations

from capture.frame import DepthMap, Frame
from model.motion.estimate import ScaleEstimate
from model.motion.estimator import ScaleFromMotion
from model.motion.view import MotionView

VIEWS_A_SECOND = 10.0  # more cost time and bring little parallax
_DUE_S = 0.95 / VIEWS_A_SECOND  # frames do not arrive at even times


class MotionSession:
    """Feed it the frames of one stream in their order: `MotionSession()(frame, prediction.depth_m)`.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._scale = ScaleFromMotion()
        self._stepped_s: float | None = None
        self._newest: ScaleEstimate | None = None

    def __call__(self, frame: Frame, predicted_m: DepthMap) -> ScaleEstimate | None:
        """Return the estimate for a frame's prediction; None where the frame has no pose or no intrinsics.

        Raises ValueError if the frame's JPEG is damaged.
        """
        if self.is_due(frame.received_ns / 1e9):
            self.step(MotionView.of_frame(frame, predicted_m))
        return self._newest

    @property
    def newest(self) -> ScaleEstimate | None:
        """The estimate of the last view."""
        return self._newest

    def is_due(self, seconds: float) -> bool:
        """Whether a view at this time is wanted; the reduction of its frame can be saved otherwise."""
        return self._stepped_s is None or not 0 <= seconds - self._stepped_s < _DUE_S

    def step(self, view: MotionView | None) -> ScaleEstimate | None:
        """Take a view; None where there is none."""
        if view is None:
            self._newest = None
            return None
        self._stepped_s = view.seconds
        self._newest = self._scale(view)
        return self._newest
