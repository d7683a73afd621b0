"""The parts of the window and where they are; what they do is in app/window/main_window.py."""

from __future__ import annotations

from PyQt5.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.basic import MessageBar
from app.widgets.inline_question import InlineQuestion
from app.widgets.theme import AMBER, BLUE, GAP, RED
from app.window.recordings.playback_bar import PlaybackBar
from app.window.settings import saved_display_options, saved_visibility, saved_visible_views
from app.window.sources.waiting_page import WaitingPage
from app.window.status_lines import StatusLines
from app.window.toolbar import Toolbar
from app.window.views.accuracy_plot import AccuracyPlot
from app.window.views.cloud_view import CloudView
from app.window.views.live_panels import LivePanels

SHARES = [300, 200]  # of the width: the pictures, and the point cloud beside them


class WindowBody(QWidget):
    """From top to bottom: toolbar, message bars, views, playback bar, accuracy plot, status lines.

    A waiting page replaces the views until there is a frame.
    """

    def __init__(self, toolbar: Toolbar) -> None:
        super().__init__()
        self.toolbar = toolbar
        self.errors, self.hints, self.notes = MessageBar(RED), MessageBar(AMBER), MessageBar(BLUE)
        self.question = InlineQuestion()
        self.waiting_page = WaitingPage()
        self.panels = LivePanels(saved_visible_views(), saved_display_options())
        self.cloud = CloudView(self.panels)
        self.playback_bar, self.plot, self.status_lines = PlaybackBar(), AccuracyPlot(), StatusLines()
        self._views, self._pages = QSplitter(), QStackedWidget()
        self._arrange()

    @property
    def shows_views(self) -> bool:
        """Whether the views are shown, not the waiting page."""
        return self._pages.currentWidget() is self._views

    def show_views(self) -> None:
        """Replace the waiting page by the views."""
        self._pages.setCurrentWidget(self._views)

    def show_waiting_page(self) -> None:
        """Replace the views by the waiting page."""
        self._pages.setCurrentWidget(self.waiting_page)

    def _arrange(self) -> None:
        self._views.addWidget(self.panels)
        self._views.addWidget(self.cloud)
        self._views.setChildrenCollapsible(False)
        self._views.setSizes(SHARES)
        self.cloud.setVisible(saved_visibility("cloud"))
        self.plot.setVisible(saved_visibility("plot"))
        self._pages.addWidget(self.waiting_page)
        self._pages.addWidget(self._views)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, 8)
        layout.setSpacing(8)
        for bar in (self.toolbar, self.errors, self.question, self.hints, self.notes):
            layout.addWidget(bar)
        layout.addWidget(self._pages, 1)
        for below in (self.playback_bar, self.plot, self.status_lines):
            layout.addWidget(below)
