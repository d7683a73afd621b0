"""Plot the losses of a training by epoch, and its error on held-out recordings."""

from __future__ import annotations

from PyQt5.QtGui import QColor

from app.widgets.plots import CURVE_COLOUR, Plot, PlotRow, line
from app.widgets.theme import AMBER
from model.events import Epoch

HEIGHT = 150  # pixels: at least
TITLES = ("Loss, by epoch", "Held-out RMSE, m")
SAME_WALK_TITLES = ("Loss, by epoch", "RMSE on the last fifth, m (same walk)")
LOSSES = ("loss", "held_out_loss")


class TrainingPlot(PlotRow):
    """Left the losses of each network, on training and held-out frames, right the held-out RMSE; by epoch of both."""

    def __init__(self) -> None:
        super().__init__(
            TITLES,
            "Blue: loss on training frames. Amber: on held-out frames; where it rises while blue falls, the networks\n"
            "overfit. Right: error on held-out frames. The best epoch is kept",
        )
        self._epochs: list[Epoch] = []
        self.setMinimumHeight(HEIGHT)

    @property
    def epochs(self) -> int:
        """Number of epochs shown."""
        return len(self._epochs)

    def show_titles(self, same_walk: bool) -> None:
        """Name what is held out: other recordings, or the last fifth of the one that is trained on."""
        for plot, title in zip(self.plots, SAME_WALK_TITLES if same_walk else TITLES, strict=True):
            plot.setTitle(title)

    def clear(self) -> None:
        self._epochs = []
        self.clear_plots()

    def add(self, epoch: Epoch) -> None:
        """Add an epoch of the trainer."""
        self._epochs.append(epoch)
        self.clear_plots()
        losses, rmse = self.plots
        colours: tuple[QColor | str, ...] = (CURVE_COLOUR, AMBER)
        for stage in dict.fromkeys(each.stage for each in self._epochs):
            for name, colour in zip(LOSSES, colours, strict=True):
                self._draw(losses, stage, name, colour)
            self._draw(rmse, stage, "held_out_rmse_m", AMBER)

    def _draw(self, plot: Plot, stage: str, name: str, colour: QColor | str) -> None:
        points = [(i, getattr(each, name)) for i, each in enumerate(self._epochs, start=1) if each.stage == stage]
        known = [(i, value) for i, value in points if value is not None]
        if known:
            x, y = zip(*known, strict=True)
            plot.plot(x, y, pen=line(colour), symbol="o", symbolSize=5, symbolBrush=colour)
