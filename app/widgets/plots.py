"""Plots in the window's colours that ignore the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from app.widgets.theme import ACCENT, BACKGROUND, DIM_TEXT, GAP

Plot = Any  # pyqtgraph has no types
LINE_WIDTH = 2  # pixels
CURVE_COLOUR = ACCENT.lighter(130)


class PlotRow(QWidget):
    """Plots side by side with these titles, made when they are first used."""

    def __init__(self, titles: Sequence[str], tool_tip: str) -> None:
        super().__init__()
        self._titles = titles
        self._plots: list[Plot] = []
        self.setToolTip(tool_tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    @property
    def plots(self) -> list[Plot]:
        """The pyqtgraph plots, in the order of the titles."""
        if not self._plots:
            self._plots = add_plots(self, self._titles)
        return self._plots

    def clear_plots(self) -> None:
        """Remove all curves."""
        for plot in self._plots:
            plot.clear()


def line(color: QColor | str = CURVE_COLOUR) -> Any:  # noqa: ANN401 - pyqtgraph has no types
    """Return a pen for curves."""
    import pyqtgraph  # as in add_plots

    return pyqtgraph.mkPen(color, width=LINE_WIDTH)


def add_plots(widget: QWidget, titles: Sequence[str]) -> list[Plot]:
    """Add plots side by side to the widget's layout."""
    import pyqtgraph  # not earlier: it takes a third of a second, which a window without plots can save

    plots = pyqtgraph.GraphicsLayoutWidget()
    plots.setBackground(BACKGROUND)
    plots.ci.setSpacing(GAP)
    layout = widget.layout()
    assert layout is not None
    layout.addWidget(plots)
    return [_plain(plots.addPlot(title=title, enableMenu=False)) for title in titles]


def _plain(plot: Plot) -> Plot:
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    for side in ("left", "bottom"):
        plot.getAxis(side).setPen(DIM_TEXT)
        plot.getAxis(side).setTextPen(DIM_TEXT)
    return plot
