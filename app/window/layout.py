"""What the window is made of and where it stands; what its parts do is in app/window/main_window.py."""

from __future__ import annotations

from PyQt5.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.basic import MessageBar, side
from app.widgets.inline_question import InlineQuestion
from app.widgets.theme import AMBER, BLUE, GAP, RED
from app.window.recordings.panel import RecordingsPanel
from app.window.recordings.playback_bar import PlaybackBar
from app.window.settings import appearance_before, cloud_before, plot_before, restore_geometry, seen_before
from app.window.sources.waiting_page import WaitingPage
from app.window.status_lines import StatusLines
from app.window.toolbar import Toolbar
from app.window.views.accuracy_plot import AccuracyPlot
from app.window.views.cloud_view import CloudView
from app.window.views.live_panels import LivePanels

SHARES = [300, 200]  # of the pictures and the point cloud beside them


class WindowLayout(QMainWindow):
    """From above: the header, bars with messages, the views, the scrubber, the plot, the footer. Aside: recordings.

    In place of the views stands a notice until there is a frame.
    """

    def __init__(self, header: Toolbar, recordings: RecordingsPanel) -> None:
        super().__init__()
        self.header, self.recordings = header, recordings
        self.errors, self.hints, self.notes = MessageBar(RED), MessageBar(AMBER), MessageBar(BLUE)
        self.footer, self.plot, self.scrubber, self.ask = StatusLines(), AccuracyPlot(), PlaybackBar(), InlineQuestion()
        self.notice, self.comparison = WaitingPage(), LivePanels(seen_before(), appearance_before())
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
