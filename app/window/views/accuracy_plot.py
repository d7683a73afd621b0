"""The live figures of the last minute as plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt5.QtWidgets import QVBoxLayout, QWidget

from app.session.live_accuracy import HISTORY_S, AccuracySample
from app.widgets.plots import add_plots
from app.widgets.theme import ACCENT

HEIGHT = 130  # pixels: enough to see a trend, little beside the pictures
# Title, attribute of a Moment, factor; what the axis starts from, None: what is seen
PLOTS = (
    ("RMSE, cm", "rmse_m", 100.0, 0.0),
    ("AbsRel, %", "abs_rel", 100.0, 0.0),
    ("δ1, %", "delta1", 100.0, None),
    ("scale", "scale_ratio", 1.0, None),
)


class AccuracyPlot(QWidget):
    """Four plots side by side, over the seconds passed. Drawn only while it is visible."""

    def __init__(self) -> None:
        super().__init__()
        self.curves: dict[str, Any] = {}
        self.setFixedHeight(HEIGHT)
        self.setToolTip(
            "Prediction against LiDAR over the last seconds, frame by frame: confident readings, 0.2 to 5 m.\n"
            "Scale: predicted over measured depth"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def show_history(self, history: Sequence[AccuracySample]) -> None:
        if not self.isVisible():
            return
        if not self.curves:
            self._build()
        ago_s = [-moment.ago_s for moment in history]
        for name, curve in self.curves.items():
            factor = next(factor for _, attribute, factor, _ in PLOTS if attribute == name)
            curve.setData(ago_s, [factor * getattr(moment, name) for moment in history])

    def _build(self) -> None:
        plots = add_plots(self, [title for title, *_ in PLOTS])
        import pyqtgraph  # no earlier than the plots, as they say

        for plot, (_, name, _, least) in zip(plots, PLOTS, strict=True):
            plot.setXRange(-HISTORY_S, 0, padding=0)
            if least is not None:
                plot.setLimits(yMin=least)
            self.curves[name] = plot.plot(pen=pyqtgraph.mkPen(ACCENT.lighter(130), width=2))
