"""Plots in the window's colours, without what a mouse could do to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt5.QtWidgets import QWidget

from app.widgets.theme import BACKGROUND, DIM_TEXT, GAP

Plot = Any  # pyqtgraph carries no types


def add_plots(widget: QWidget, titles: Sequence[str]) -> list[Plot]:
    """Side by side, in the widget's layout."""
    import pyqtgraph  # only now: it takes a third of a second, which a window without plots need not spend

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
