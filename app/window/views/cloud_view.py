"""The point cloud beside the pictures: what they show, in space."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.session.color_maps import DIVERGING, MIN_DIFFERENCE_M, SmoothRange
from app.session.point_cloud import COLOURINGS, Colouring, PointCloud, lidar_cloud, predicted_cloud
from app.widgets.basic import ElidedLabel, button
from app.widgets.color_bar import ColorBar
from app.widgets.theme import DIM_TEXT, GAP, fonts
from app.window.views import opengl_check
from app.window.views.live_panels import LivePanels
from app.window.views.redraw_schedule import SHARE
from capture.frame import Camera, Frame
from model.predictor import Prediction

if TYPE_CHECKING:
    from app.window.views.cloud_canvas import CloudCanvas

UPDATES_PER_S = 10  # without a graphics card each costs 10 to 20 ms; no eye needs more of them here
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
    """Draws what `comparison` draws, as points: at most UPDATES_PER_S times a second, and only while it is visible.

    `failed` carries one line for the person where OpenGL cannot be used here; it has hidden itself then.
    """

    failed = pyqtSignal(str)

    def __init__(self, comparison: LivePanels) -> None:
        super().__init__()
        self._comparison = comparison
        self.picture: CloudCanvas | None = None  # made when a cloud is first to be seen
        self._range = SmoothRange()  # of the error, while the comparison does not show it
        self._looks, self._middle_m = False, 1.0
        self._next_s = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw_if_visible)
        self._build()
        self.hide()
        comparison.redrawn.connect(self._draw_soon)

    def showEvent(self, event: QShowEvent | None) -> None:
        self._draw_soon()

    def reset_view(self) -> None:
        """Look from the camera again."""
        if self.picture is not None:
            self.picture.look_from_camera(self._middle_m)

    @property
    def is_due(self) -> bool:
        """Whether it waits to be drawn again."""
        return self._timer.isActive()

    def _draw_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(max(0, math.ceil(1000 * (self._next_s - time.monotonic()))))

    def _draw_if_visible(self) -> None:
        if not self.isVisible():
            return
        begun_s = time.monotonic()
        self._next_s = begun_s + 1 / UPDATES_PER_S
        QTimer.singleShot(0, lambda: self._note_drawn(begun_s))  # Qt paints first
        if self.picture is not None or self._make_picture():
            self._draw()

    def _note_drawn(self, begun_s: float) -> None:
        self._next_s = max(self._next_s, begun_s + (time.monotonic() - begun_s) / SHARE)

    def _make_picture(self) -> bool:
        try:
            opengl_check.prepare()
            from app.window.views.cloud_canvas import CloudCanvas  # only now: see there

            self.picture = CloudCanvas()
        except Exception as error:  # whatever is missing, and whatever a driver raises: the window goes on without
            self.hide()
            self.failed.emit(NO_OPENGL.format(cause=str(error) or type(error).__name__))
            return False
        self._pages.addWidget(self.picture)
        return True

    def _draw(self) -> None:
        view = self._comparison.drawn
        frame = view.predicted_frame or view.frame
        if frame is None:
            self._looks = False
            self._say("No picture yet")
            return
        self.lidar_box.setText("LiDAR" if frame.camera is Camera.LIDAR else "TrueDepth")
        try:
            clouds = self._clouds(frame, view.prediction)
        except ValueError:
            self._say("This picture is damaged")
            return
        if any(len(cloud.points_m) for cloud in clouds):
            self._show(clouds)
        else:
            self._say(self._why_nothing())

    def _clouds(self, frame: Frame, prediction: Prediction | None) -> list[PointCloud]:
        """Those that are chosen and there; the colour bar goes with them."""
        colouring = self._colouring(frame, prediction)
        self._show_bar(colouring)
        clouds = [lidar_cloud(frame, colouring)] if self.lidar_box.isChecked() else []
        if prediction is not None and self.predicted_box.isChecked():
            clouds.append(predicted_cloud(prediction.depth_m, frame, colouring))
        return [cloud.seen(self._comparison.turn) for cloud in clouds]

    def _colouring(self, frame: Frame, prediction: Prediction | None) -> Colouring:
        """In the scales of the comparison, so that a colour means the same in both."""
        by, appearance, scales = self.colour_box.currentData(), self._comparison.appearance, self._comparison.scales
        error_m, limit_m = None, scales.limit_m
        if by == "error" and prediction is not None:
            error_m = appearance.error_m(prediction.depth_m, frame)
            limit_m = limit_m or self._range.difference(error_m)
        return Colouring(by, appearance, scales.near_m, scales.far_m, error_m, limit_m or MIN_DIFFERENCE_M)

    def _show_bar(self, colouring: Colouring) -> None:
        self.bar.setVisible(colouring.by == "depth" or colouring.error_m is not None)
        if colouring.by == "depth":
            self.bar.show_table(colouring.appearance.table)
            self.bar.show_range(colouring.near_m, colouring.far_m)
        else:
            self.bar.show_table(DIVERGING)
            self.bar.show_range(-colouring.limit_m, colouring.limit_m)

    def _show(self, clouds: list[PointCloud]) -> None:
        assert self.picture is not None
        self._middle_m = float(np.median(np.concatenate([-cloud.points_m[:, 2] for cloud in clouds])))
        if not self._looks:
            self._looks = True
            self.reset_view()
        self.picture.show_clouds(clouds)
        self._pages.setCurrentWidget(self.picture)
        lacking = self.predicted_box.isChecked() and self._comparison.drawn.prediction is None
        meaning = MEANINGS[self.colour_box.currentData()]
        self.caption.show_text(self._comparison.predicted.empty if lacking else meaning)

    def _say(self, words: str) -> None:
        """Why nothing is seen."""
        self.words.setText(words)
        self._pages.setCurrentWidget(self.words)
        self.caption.show_text("")

    def _why_nothing(self) -> str:
        if not (self.lidar_box.isChecked() or self.predicted_box.isChecked()):
            return "Both clouds are switched off"
        if not self.lidar_box.isChecked() and self._comparison.drawn.prediction is None:
            return self._comparison.predicted.empty
        return "There is no reading to show"

    def _build(self) -> None:
        self.lidar_box, self.predicted_box, self.colour_box = QCheckBox("LiDAR"), QCheckBox("Predicted"), QComboBox()
        for box, tip in ((self.lidar_box, "What the phone measured"), (self.predicted_box, "What the network says")):
            box.setChecked(True)
            box.setToolTip(f"{tip}, as points in space")
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.toggled.connect(self._draw_soon)
        for by in COLOURINGS:
            self.colour_box.addItem(by[:1].upper() + by[1:], by)
        self.colour_box.setToolTip("How the points are coloured; depth and error as in the pictures")
        self.colour_box.setAccessibleName("Colours of the point cloud")
        self.colour_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.colour_box.currentIndexChanged.connect(self._draw_soon)
        self.reset_button = button("Reset view", "Look from the camera again", self.reset_view)
        self.words, self.caption, self.bar = QLabel(), ElidedLabel(), ColorBar(DIVERGING, "The colours of the points")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setWordWrap(True)
        policy = self.bar.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)  # other colours must not change the picture's size
        self.bar.setSizePolicy(policy)
        self.bar.hide()
        self.caption.setFont(fonts(self)[1])
        self.caption.setStyleSheet(f"color: {DIM_TEXT.name()}")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.words)

        row = QHBoxLayout()
        for widget in (self.lidar_box, self.predicted_box, self.colour_box, self.reset_button):
            row.addWidget(widget)
        row.insertStretch(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GAP, GAP, GAP)
        layout.addLayout(row)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.caption)
        layout.addWidget(self.bar)
