"""What the window is made of and where it stands; what its parts do is in app/window.py."""

from __future__ import annotations

from PyQt5.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.accuracy_plot import AccuracyPlot
from app.appearance import Appearance
from app.ask import Ask
from app.cloud_view import CloudView
from app.color_bar import GAP
from app.comparison import Comparison
from app.footer import Footer
from app.header import Header
from app.messages import Notice
from app.recordings import Recordings
from app.remembered import cloud_before, plot_before, restore_geometry, seen_before
from app.scrubber import Scrubber
from app.widgets import AMBER, BLUE, RED, MessageBar, side

SHARES = [300, 200]  # of the pictures and the point cloud beside them


class WindowLayout(QMainWindow):
    """From above: the header, bars with messages, the views, the scrubber, the plot, the footer. Aside: recordings.

    In place of the views stands a notice until there is a frame.
    """

    def __init__(self, header: Header, recordings: Recordings) -> None:
        super().__init__()
        self.header, self.recordings = header, recordings
        self.errors, self.hints, self.notes = MessageBar(RED), MessageBar(AMBER), MessageBar(BLUE)
        self.footer, self.plot, self.scrubber, self.ask = Footer(), AccuracyPlot(), Scrubber(), Ask()
        self.notice, self.comparison = Notice(), Comparison(seen_before(), Appearance.saved())
        self.cloud = CloudView(self.comparison)
        self.views, self.pages = QSplitter(), QStackedWidget()
        self._arrange()
        self.recordings_dock = side(self, "Recordings", recordings)
        restore_geometry(self)

    def _arrange(self) -> None:
        self.views.addWidget(self.comparison)
        self.views.addWidget(self.cloud)
        self.views.setChildrenCollapsible(False)
        self.views.setSizes(SHARES)
        self.cloud.setVisible(cloud_before())
        self.plot.setVisible(plot_before())
        self.pages.addWidget(self.notice)
        self.pages.addWidget(self.views)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(GAP, GAP, GAP, 8)
        layout.setSpacing(8)
        for bar in (self.header, self.errors, self.ask, self.hints, self.notes):
            layout.addWidget(bar)
        layout.addWidget(self.pages, 1)
        for below in (self.scrubber, self.plot, self.footer):
            layout.addWidget(below)
        self.setCentralWidget(body)
