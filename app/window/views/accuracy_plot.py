"""Plots of the live accuracy over the last minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.session.live_accuracy import HISTORY_S, AccuracySample
from app.widgets.plots import PlotRow, line

HEIGHT = 130  # pixels: enough to see a trend, little beside the pictures


@dataclass(frozen=True)
class Curve:
    """`attribute` of an AccuracySample, times `factor`. `least`: where the axis begins; None: at the data."""

    title: str
    attribute: str
    factor: float
    least: float | None


CURVES = (
    Curve("RMSE, cm", "rmse_m", 100.0, 0.0),
    Curve("AbsRel, %", "abs_rel", 100.0, 0.0),
    Curve("δ1, %", "delta1", 100.0, None),
    Curve("scale", "scale_ratio", 1.0, None),
)


class AccuracyPlot(PlotRow):
    """Four plots over the seconds passed, drawn only while they are visible."""

    def __init__(self) -> None:
        super().__init__(
            [curve.title for curve in CURVES],
            "Prediction against LiDAR over the last minute, frame by frame: confident readings from 0.2 to 5 m.\n"
            "Scale: predicted over measured depth.",
        )
        self.curves: dict[str, Any] = {}
        self.setFixedHeight(HEIGHT)
        self.hide()

    def show_history(self, history: Sequence[AccuracySample]) -> None:
        """Plot these samples."""
        if not self.isVisible():
            return
        if not self.curves:
            self._add_curves()
        seconds = [-sample.ago_s for sample in history]
        for curve in CURVES:
            values = [curve.factor * getattr(sample, curve.attribute) for sample in history]
            self.curves[curve.attribute].setData(seconds, values)

    def _add_curves(self) -> None:
        for plot, curve in zip(self.plots, CURVES, strict=True):
            plot.setXRange(-HISTORY_S, 0, padding=0)
            if curve.least is not None:
                plot.setLimits(yMin=curve.least)
            self.curves[curve.attribute] = plot.plot(pen=line())
