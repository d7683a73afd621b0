"""Plot the losses of a training by epoch, and its error on held-out recordings."""

from __future__ import annotations

from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from app.widgets.plots import Plot, add_plots
from app.widgets.theme import ACCENT, AMBER
from model.events import Epoch

HEIGHT = 150  # pixels: at least
TITLES = ("Loss, by epoch", "Held-out RMSE, m")
LOSSES = ("loss", "held_out_loss")


class TrainingPlot(QWidget):
    """Left the losses of each network, on training and held-out frames, right the held-out RMSE; by epoch of both."""

    def __init__(self) -> None:
        super().__init__()
        self._epochs: list[Epoch] = []
        self._plots: list[Plot] = []
        self.setMinimumHeight(HEIGHT)
        self.setToolTip(
            "Blue: loss on training frames. Amber: on held-out frames; where it rises while blue falls, the networks\n"
            "overfit. Right: error on held-out frames. The best epoch is kept"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    @property
    def epochs(self) -> int:
        """Number of epochs shown."""
        return len(self._epochs)

    def clear(self) -> None:
        self._epochs = []
        for plot in self._plots:
            plot.clear()

    def add(self, epoch: Epoch) -> None:
        """Add an epoch of the trainer."""
        if not self._plots:
            self._plots = add_plots(self, TITLES)
        self._epochs.append(epoch)
        losses, rmse = self._plots
        losses.clear()
        rmse.clear()
        colours: tuple[QColor | str, ...] = (ACCENT.lighter(130), AMBER)
        for stage in dict.fromkeys(each.stage for each in self._epochs):
            for name, colour in zip(LOSSES, colours, strict=True):
                self._draw(losses, stage, name, colour)
            self._draw(rmse, stage, "held_out_rmse_m", AMBER)

    def _draw(self, plot: Plot, stage: str, name: str, colour: QColor | str) -> None:
        import pyqtgraph

        points = [(i, getattr(each, name)) for i, each in enumerate(self._epochs, start=1) if each.stage == stage]
        known = [(i, value) for i, value in points if value is not None]
        if known:
            x, y = zip(*known, strict=True)
            plot.plot(x, y, pen=pyqtgraph.mkPen(colour, width=2), symbol="o", symbolSize=5, symbolBrush=colour)
