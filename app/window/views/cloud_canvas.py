"""A point cloud as a picture that a person turns with the mouse, drawn by OpenGL.

Import it when a cloud is first to be seen, after opengl_check.prepare(): it takes a second, and needs PyOpenGL.

OpenGL draws aside, and the picture is painted into the window like any other. A widget of OpenGL's own in the window
would have Qt put the whole window together by OpenGL from then on: without a graphics card, three times the processor
time for every picture that is drawn beside it (measured: 6 and 20 ms).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from OpenGL import contextdata
from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QVector3D, QWheelEvent
from PyQt5.QtWidgets import QWidget
from pyqtgraph.opengl import GLScatterPlotItem, GLViewWidget

from app.session.point_cloud import PointCloud
from app.widgets.theme import BACKGROUND
from app.window.views.opengl_check import surface_format

POINT_SHARE = 0.011  # of the picture's width: neighbours touch where they are seen from the camera
FIELD_OF_VIEW = 60.0  # degrees across; a phone's picture held upright has 50
ASIDE, ABOVE = 16.0, 10.0  # degrees from the camera's axis, so that depth is seen as depth
STEP_BACK = 1.15  # times the distance of the camera itself, so that all it saw is in the picture
PORTRAIT = 4 / 3  # height / width of what it saw


class _Scene(GLViewWidget):  # type: ignore[misc]
    """pyqtgraph's camera over one cloud, never shown itself: `changed` tells that `image` would be another."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Tool)  # a window of its own, and so no part of the parent's
        self.setFormat(surface_format())
        self.setBackgroundColor(BACKGROUND)
        self._points = GLScatterPlotItem(pos=np.zeros((0, 3), np.float32), glOptions="opaque")
        self._points.rotate(90, 1, 0, 0)  # pyqtgraph's camera circles about z, and y is up here
        self.addItem(self._points)
        self.winId()  # without a window there is nothing that OpenGL could draw for
        GLScatterPlotItem._shaderProgram = None  # kept by pyqtgraph for all time, and gone with the window before
        if self.image().isNull():
            raise RuntimeError("nothing can be drawn")
        self.makeCurrent()
        contextdata.getContext()  # pyqtgraph only prints what goes wrong while it draws: this and the shaders
        GLScatterPlotItem.getShaderProgram()
        self.doneCurrent()

    def update(self) -> None:
        """Called by pyqtgraph after every change."""
        self.changed.emit()

    def image(self) -> QImage:
        """Draws; about 10 ms for as many points as there may be, without a graphics card."""
        return QImage(self.grabFramebuffer())

    def resize_to(self, size: QSize) -> None:
        """A window that is not seen is not told of its size."""
        before = self.size()
        self.resize(size)
        self.resizeEvent(QResizeEvent(size, before))
        self._points.setData(size=max(2.0, POINT_SHARE * self.deviceWidth()))

    def show_clouds(self, clouds: Sequence[PointCloud]) -> None:
        points = np.concatenate([cloud.points_m for cloud in clouds])
        self._points.setData(pos=points, color=np.concatenate([cloud.colours for cloud in clouds]))

    def look_from_camera(self, middle_m: float) -> None:
        back = max(1.0, PORTRAIT * self.width() / self.height())  # where it is wide it is not high enough
        self.setCameraParams(
            center=QVector3D(0, middle_m, 0),
            distance=middle_m * STEP_BACK * back,
            azimuth=ASIDE - 90,
            elevation=ABOVE,
            fov=FIELD_OF_VIEW,
        )


class CloudCanvas(QWidget):
    """Drawn only when it is painted: dragging turns it, the wheel goes nearer, dragging with Ctrl moves it.

    Raises whatever a driver or PyOpenGL may raise where OpenGL cannot be used here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._scene = _Scene(self)
        self._scene.changed.connect(self._draw_again)
        self._image: QImage | None = None
        self._middle_m: float | None = None  # to be looked at from the camera when it is painted next
        self.setMinimumSize(160, 160)
        self.setToolTip("Drag to turn it, with Ctrl to move it; the wheel goes nearer")
        self.setAccessibleName("Point cloud")

    def show_clouds(self, clouds: Sequence[PointCloud]) -> None:
        """These, at least one, and no others."""
        self._scene.show_clouds(clouds)

    def look_from_camera(self, middle_m: float) -> None:
        """From a little beside and behind the camera; turns about the point `middle_m` before it from now on."""
        self._middle_m = middle_m
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._middle_m is not None:  # only now is it sure how large the picture is
            self._scene.look_from_camera(self._middle_m)
            self._middle_m = None
        if self._image is None:
            self._image = self._scene.image()
        QPainter(self).drawImage(self.rect(), self._image)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._scene.resize_to(self.size())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        self._scene.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        self._scene.mouseMoveEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        self._scene.wheelEvent(event)

    def _draw_again(self) -> None:
        self._image = None
        self.update()
