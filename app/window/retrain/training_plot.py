"""The losses of a training, epoch by epoch, and how good it is on what is held out."""

from __future__ import annotations

from typing import Any

from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from app.widgets.plots import Plot, add_plots
from app.widgets.theme import ACCENT, AMBER

HEIGHT = 150  # pixels: at least
TITLES = ("Loss, by epoch", "Held-out RMSE, m")
LOSSES = ("loss", "held_out_loss")


class TrainingPlot(QWidget):
    """Left the loss of each network, trained and held out, right the held-out RMSE; the epochs of both one after the
    other, as they came.
    """

    def __init__(self) -> None:
        super().__init__()
        self._epochs: list[dict[str, Any]] = []
        self._plots: list[Plot] = []
        self.setMinimumHeight(HEIGHT)
        self.setToolTip(
            "Blue: loss on what is trained on. Amber: on what is held out; where it rises while blue falls,\n"
            "the networks learn by heart. Right: error on what is held out. The best epoch is the one that is kept"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    @property
    def epochs(self) -> int:
        """How many are shown."""
        return len(self._epochs)

    def clear(self) -> None:
        self._epochs = []
        for plot in self._plots:
            plot.clear()

    def add(self, epoch: dict[str, Any]) -> None:
        """An "epoch" event of the trainer."""
        if not self._plots:
            self._plots = add_plots(self, TITLES)
        self._epochs.append(epoch)
        losses, rmse = self._plots
        losses.clear()
        rmse.clear()
        colours: tuple[QColor | str, ...] = (ACCENT.lighter(130), AMBER)
        for stage in dict.fromkeys(each["stage"] for each in self._epochs):
            for name, colour in zip(LOSSES, colours, strict=True):
                self._draw(losses, stage, name, colour)
            self._draw(rmse, stage, "held_out_rmse_m", AMBER)

    def _draw(self, plot: Plot, stage: str, name: str, colour: QColor | str) -> None:
        import pyqtgraph

        points = [(i, each[name]) for i, each in enumerate(self._epochs, start=1) if each["stage"] == stage]
        known = [(i, value) for i, value in points if value is not None]
        if known:
            x, y = zip(*known, strict=True)
            plot.plot(x, y, pen=pyqtgraph.mkPen(colour, width=2), symbol="o", symbolSize=5, symbolBrush=colour)
