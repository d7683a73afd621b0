"""One panel for each view of app.session.views, all drawn from the same moment."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from app.session.color_maps import SmoothRange
from app.session.display_options import DisplayOptions
from app.session.live_session import LiveFrame, LiveStatus
from app.session.orientation import AS_RECEIVED, OrientationTracker, Rotation
from app.session.predictor_thread import PredictorStatus
from app.session.readout import Marks
from app.session.views import DIFFERENCE_SCALE, PAIRS, VIEWS, LiveView, Moment, Picture, Scales, no_prediction
from app.widgets.color_bar import ColorBar
from app.widgets.image_panel import ImagePanel
from app.widgets.qimages import indexed_image, rgb_image
from app.window.views.panel_grid import PanelGrid
from capture.frame import Frame
from model.predictor import Prediction


class LivePanels(QWidget):
    """Draws the visible views of VIEWS in a grid; `panels[name]` is the panel of one of them.

    Both depths share one colour scale; the difference has its own, symmetrical about zero.
    """

    redrawn = pyqtSignal()

    def __init__(self, visible: Sequence[str], options: DisplayOptions) -> None:
        super().__init__()
        self.options = options
        self.drawn = LiveFrame()
        self._panels = {view.name: _panel_for(view, options) for view in VIEWS}
        self.grid = PanelGrid(self._panels, visible, PAIRS)
        self._ranges, self._orientation = SmoothRange(), OrientationTracker()
        self.scales = Scales(*self._ranges.depth())
        self._predictor = PredictorStatus()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid)
        self.grid.visible_changed.connect(lambda: self._draw(frame_is_new=True))

    def __getitem__(self, name: str) -> ImagePanel:
        return self._panels[name]

    @property
    def turn(self) -> Rotation:
        """How the pictures as received are turned for display."""
        return self.grid.turn

    @property
    def no_prediction(self) -> str:
        """Why there is no prediction, for as long as there is none."""
        return no_prediction(self._predictor)

    def show_frame(self, view: LiveFrame) -> None:
        """Draw what is new in `view`."""
        if view.frame is not None:
            frame_is_new, self.drawn = view.frame is not self.drawn.frame, view
            self._draw(frame_is_new)

    def show_status(self, status: LiveStatus) -> None:
        """Explain a missing prediction."""
        before, self._predictor = self.no_prediction, status.predicting
        if self.drawn.prediction is None and before != self.no_prediction:
            self._draw(frame_is_new=False)

    def clear(self) -> None:
        """Forget everything of a source that has been replaced."""
        self.drawn, self._ranges, self._orientation = LiveFrame(), SmoothRange(), OrientationTracker()
        self.grid.mark(Marks())
        for view in VIEWS:
            self._show(view, "")
            if (bar := self[view.name].bar) is not None:
                bar.hide()
        self.redrawn.emit()

    def change_options(self, options: DisplayOptions) -> None:
        """Redraw with other display options."""
        self.options = options
        for view in VIEWS:
            if (bar := self[view.name].bar) is not None and view.scale is not None:
                bar.show_table(view.scale.table(options))
        self._draw(frame_is_new=True)

    def _draw(self, frame_is_new: bool) -> None:
        frame = self.drawn.frame
        if frame is None:
            return
        if frame_is_new:
            self._orient(frame)
        moment = self._moment(frame, self.drawn.prediction, self.drawn.predicted_frame)
        self.scales = moment.scales
        for view in VIEWS:
            self._show_scale(view)
            if self.grid.is_visible(view.name) and (frame_is_new or not view.frame_only):
                self._show(view, view.draw(moment, self[view.name].pixels()))
        self.redrawn.emit()

    def _orient(self, frame: Frame) -> None:
        """Turn all pictures as `frame` has to be turned, and name them after its camera."""
        upright = self.options.orientation == "upright"
        turn = self._orientation.turn(frame) if upright else AS_RECEIVED
        self.grid.set_turn(turn.turned(self.options.quarter_turns))
        width, height = self.turn.displayed_size(*frame.rgb_size)
        self.grid.set_aspect(width / height)
        for view in VIEWS:
            self[view.name].title = view.title_for(frame)

    def _moment(self, frame: Frame, prediction: Prediction | None, predicted_frame: Frame | None) -> Moment:
        """Collect what views draw from, with the scales for the visible ones."""
        maps_m = [frame.depth_m] if prediction is None else [frame.depth_m, prediction.depth_m]
        near_m, far_m = self._ranges.depth(*maps_m)
        if self.options.far_m is not None:
            near_m, far_m = 0.0, float(self.options.far_m)
        error_m = limit_m = None
        shows_error = any(view.scale is DIFFERENCE_SCALE and self.grid.is_visible(view.name) for view in VIEWS)
        if shows_error and prediction is not None and predicted_frame is not None:
            error_m = self.options.error_m(prediction.depth_m, predicted_frame)
            limit_m = self._ranges.difference(error_m)
        scales = Scales(near_m, far_m, limit_m)
        return Moment(frame, prediction, predicted_frame, self._predictor, self.options, self.turn, scales, error_m)

    def _show_scale(self, view: LiveView) -> None:
        bar = self[view.name].bar
        if bar is not None and view.scale is not None:
            ends_m = view.scale.ends_m(self.scales)
            bar.setVisible(ends_m is not None)
            if ends_m is not None:
                bar.show_range(*ends_m)

    def _show(self, view: LiveView, drawn: Picture | str) -> None:
        panel = self[view.name]
        if isinstance(drawn, Picture):
            panel.show_picture(_image(drawn), drawn.caption)
        else:
            panel.show_reason(drawn)


def _panel_for(view: LiveView, options: DisplayOptions) -> ImagePanel:
    if view.scale is None:
        return ImagePanel(view.title, view.tip)
    bar = ColorBar(view.scale.table(options), view.scale.tip)
    bar.hide()  # until there is something to measure
    return ImagePanel(view.title, view.tip, bar)


def _image(picture: Picture) -> QImage:
    return rgb_image(picture.pixels) if picture.table is None else indexed_image(picture.pixels, picture.table)
