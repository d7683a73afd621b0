"""The point cloud beside the pictures, with its controls."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.session.color_maps import DIVERGING, MIN_DIFFERENCE_M, SmoothRange
from app.session.point_cloud import COLOURINGS, Colouring, PointCloud, lidar_cloud, predicted_cloud
from app.widgets.basic import ElidedLabel, PlainLabel, button
from app.widgets.color_bar import ColorBar
from app.widgets.theme import DIM_TEXT, GAP, color_text, fonts
from app.window.views import opengl_check
from app.window.views.live_panels import LivePanels
from app.window.views.redraw_schedule import DrawBudget
from capture.frame import Camera, Frame
from model.predictor import Prediction

if TYPE_CHECKING:
    from app.window.views.cloud_canvas import CloudCanvas

UPDATES_PER_S = 10  # without a graphics card each costs 10 to 20 ms
NO_OPENGL = (
    "The point cloud cannot be drawn here: {cause}. It needs OpenGL 2.1 and the package PyOpenGL: install the "
    "graphics driver (Debian, Ubuntu: sudo apt-get install libgl1) and lidarlive again"
)
MEANINGS = {
    "RGB": "The prediction is tinted blue",
    "depth": "Depth in the colours of the pictures",
    "error": "Blue: predicted too near. Red: predicted too far",
}


class CloudView(QWidget):
    """Draws the frame of `panels` as points, at most UPDATES_PER_S times a second and only while it is visible.

    `failed` carries one line for the person if OpenGL cannot be used here; the view has hidden itself then.
    """

    failed = pyqtSignal(str)

    def __init__(self, panels: LivePanels) -> None:
        super().__init__()
        self._panels = panels
        self.canvas: CloudCanvas | None = None  # made when a cloud is first shown
        self._range = SmoothRange()  # of the error, while the panels do not show it
        self._has_viewpoint, self._middle_m = False, 1.0
        self._budget = DrawBudget()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw_if_visible)
        self._build()
        self.hide()
        panels.redrawn.connect(self._draw_soon)

    def showEvent(self, event: QShowEvent | None) -> None:
        self._draw_soon()

    def reset_view(self) -> None:
        """Look from the camera again."""
        if self.canvas is not None:
            self.canvas.look_from_camera(self._middle_m)

    @property
    def is_due(self) -> bool:
        """Whether a drawing is scheduled."""
        return self._timer.isActive()

    def _draw_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(max(0, math.ceil(1000 * (self._budget.next_s - time.monotonic()))))

    def _draw_if_visible(self) -> None:
        if not self.isVisible():
            return
        now_s = time.monotonic()
        self._budget.spend(now_s, now_s + 1 / UPDATES_PER_S)
        if self.canvas is not None or self._make_canvas():
            self._draw()

    def _make_canvas(self) -> bool:
        try:
            opengl_check.prepare()
            from app.window.views.cloud_canvas import CloudCanvas  # not earlier: see there

            self.canvas = CloudCanvas()
        except Exception as error:  # a missing package or any error of a driver: the window works without a cloud
            self.hide()
            self.failed.emit(NO_OPENGL.format(cause=str(error) or type(error).__name__))
            return False
        self._pages.addWidget(self.canvas)
        return True

    def _draw(self) -> None:
        view = self._panels.drawn
        frame = view.predicted_frame or view.frame
        if frame is None:
            self._has_viewpoint = False
            self._show_reason("No picture yet")
            return
        self.lidar_box.setText("LiDAR" if frame.camera is Camera.LIDAR else "TrueDepth")
        try:
            clouds = self._clouds(frame, view.prediction)
        except ValueError:
            self._show_reason("This picture is damaged")
            return
        if any(len(cloud.points_m) for cloud in clouds):
            self._show(clouds)
        else:
            self._show_reason(self._why_nothing())

    def _clouds(self, frame: Frame, prediction: Prediction | None) -> list[PointCloud]:
        """Return the chosen clouds that exist, and update the colour bar."""
        colouring = self._colouring(frame, prediction)
        self._show_bar(colouring)
        clouds = [lidar_cloud(frame, colouring)] if self.lidar_box.isChecked() else []
        if prediction is not None and self.predicted_box.isChecked():
            clouds.append(predicted_cloud(prediction.depth_m, frame, colouring))
        return [cloud.turned(self._panels.turn) for cloud in clouds]

    def _colouring(self, frame: Frame, prediction: Prediction | None) -> Colouring:
        """Return colours in the scales of the panels, so that a colour means the same in both."""
        by, options, scales = self.color_box.currentData(), self._panels.options, self._panels.scales
        error_m, limit_m = None, scales.limit_m
        if by == "error" and prediction is not None:
            error_m = options.error_m(prediction.depth_m, frame)
            limit_m = limit_m or self._range.difference(error_m)
        return Colouring(by, options, scales.near_m, scales.far_m, error_m, limit_m or MIN_DIFFERENCE_M)

    def _show_bar(self, colouring: Colouring) -> None:
        self.bar.setVisible(colouring.by == "depth" or colouring.error_m is not None)
        if colouring.by == "depth":
            self.bar.show_table(colouring.options.table)
            self.bar.show_range(colouring.near_m, colouring.far_m)
        else:
            self.bar.show_table(DIVERGING)
            self.bar.show_range(-colouring.limit_m, colouring.limit_m)

    def _show(self, clouds: list[PointCloud]) -> None:
        assert self.canvas is not None
        self._middle_m = float(np.median(np.concatenate([-cloud.points_m[:, 2] for cloud in clouds])))
        if not self._has_viewpoint:
            self._has_viewpoint = True
            self.reset_view()
        self.canvas.show_clouds(clouds)
        self._pages.setCurrentWidget(self.canvas)
        is_missing = self.predicted_box.isChecked() and self._panels.drawn.prediction is None
        meaning = MEANINGS[self.color_box.currentData()]
        self.caption.show_text(self._panels.no_prediction if is_missing else meaning)

    def _show_reason(self, reason: str) -> None:
        """Show one line in place of the cloud."""
        self.reason.setText(reason)
        self._pages.setCurrentWidget(self.reason)
        self.caption.show_text("")

    def _why_nothing(self) -> str:
        if not (self.lidar_box.isChecked() or self.predicted_box.isChecked()):
            return "Both clouds are switched off"
        if not self.lidar_box.isChecked() and self._panels.drawn.prediction is None:
            return self._panels.no_prediction
        return "There is no reading to show"

    def _build(self) -> None:
        self.lidar_box, self.predicted_box, self.color_box = QCheckBox("LiDAR"), QCheckBox("Predicted"), QComboBox()
        for box, tip in (
            (self.lidar_box, "What the phone measured"),
            (self.predicted_box, "What the network predicts"),
        ):
            box.setChecked(True)
            box.setToolTip(f"{tip}, as points in space")
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.toggled.connect(self._draw_soon)
        for by in COLOURINGS:
            self.color_box.addItem(by[:1].upper() + by[1:], by)
        self.color_box.setToolTip("How the points are coloured. Depth and error: as in the pictures")
        self.color_box.setAccessibleName("Colours of the point cloud")
        self.color_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.color_box.currentIndexChanged.connect(self._draw_soon)
        self.reset_button = button("Reset view", "Look from the camera again", self.reset_view)
        self.reason, self.caption = PlainLabel(), ElidedLabel()
        self.bar = ColorBar(DIVERGING, "The colours of the points")
        self.reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.reason.setWordWrap(True)
        policy = self.bar.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)  # the size of the picture must not depend on the colouring
        self.bar.setSizePolicy(policy)
        self.bar.hide()
        self.caption.setFont(fonts(self)[1])
        color_text(self.caption, DIM_TEXT)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.reason)

        row = QHBoxLayout()
        for widget in (self.lidar_box, self.predicted_box, self.color_box, self.reset_button):
            row.addWidget(widget)
        row.insertStretch(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GAP, GAP, GAP)
        layout.addLayout(row)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.caption)
        layout.addWidget(self.bar)
