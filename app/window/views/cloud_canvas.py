"""A point cloud that a person turns with the mouse, drawn by OpenGL.

Import this only when a cloud is first shown, after opengl_check.prepare(): it takes a second and needs PyOpenGL.

OpenGL draws off screen, and the result is painted like any other picture. An OpenGL widget inside the window would make
Qt compose the whole window by OpenGL: without a graphics card that costs three times the processor time for every
picture beside it (measured: 20 ms instead of 6).
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

POINT_SHARE = 0.011  # of the picture's width: neighbours touch when seen from the camera
FIELD_OF_VIEW = 60.0  # degrees across; a phone's picture held upright has 50
ASIDE, ABOVE = 16.0, 10.0  # degrees from the camera's axis, so that depth is visible as depth
STEP_BACK = 1.15  # times the distance of the camera, so that its whole view is in the picture
PORTRAIT = 4 / 3  # height / width of the camera's view


class _Scene(GLViewWidget):  # type: ignore[misc]
    """pyqtgraph's camera over one cloud, itself never shown. `changed`: `image` would return another picture."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Tool)  # a window of its own, so that it is not part of the parent's
        self.setFormat(surface_format())
        self.setBackgroundColor(BACKGROUND)
        self._points = GLScatterPlotItem(pos=np.zeros((0, 3), np.float32), glOptions="opaque")
        self._points.rotate(90, 1, 0, 0)  # pyqtgraph's camera circles about z; here y is up
        self.addItem(self._points)
        self.winId()  # OpenGL needs a native window to draw for
        GLScatterPlotItem._shaderProgram = None  # pyqtgraph keeps it for ever, but it is gone with the previous window
        if self.image().isNull():
            raise RuntimeError("nothing can be drawn")
        self.makeCurrent()
        contextdata.getContext()  # pyqtgraph only prints errors while it draws: try this and the shaders here
        GLScatterPlotItem.getShaderProgram()
        self.doneCurrent()

    def update(self) -> None:
        """Called by pyqtgraph after every change."""
        self.changed.emit()

    def image(self) -> QImage:
        """Render; about 10 ms for the largest clouds without a graphics card."""
        return QImage(self.grabFramebuffer())

    def resize_to(self, size: QSize) -> None:
        """Set the size of the picture. Qt sends no resize event to a hidden window."""
        before = self.size()
        self.resize(size)
        self.resizeEvent(QResizeEvent(size, before))
        self._points.setData(size=max(2.0, POINT_SHARE * self.deviceWidth()))

    def show_clouds(self, clouds: Sequence[PointCloud]) -> None:
        """Replace the points."""
        points = np.concatenate([cloud.points_m for cloud in clouds])
        self._points.setData(pos=points, color=np.concatenate([cloud.colours for cloud in clouds]))

    def look_from_camera(self, middle_m: float) -> None:
        """Move near the phone's camera, looking at the point `middle_m` in front of it."""
        back = max(1.0, PORTRAIT * self.width() / self.height())  # farther in a wide picture, which is not high enough
        self.setCameraParams(
            center=QVector3D(0, middle_m, 0),
            distance=middle_m * STEP_BACK * back,
            azimuth=ASIDE - 90,
            elevation=ABOVE,
            fov=FIELD_OF_VIEW,
        )


class CloudCanvas(QWidget):
    """Renders only when it is painted. Dragging turns the cloud, dragging with Ctrl moves it, the wheel zooms.

    Raises any exception of the driver or of PyOpenGL if OpenGL cannot be used here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._scene = _Scene(self)
        self._scene.changed.connect(self._draw_again)
        self._image: QImage | None = None
        self._middle_m: float | None = None  # not None: look from the camera at the next painting
        self.setMinimumSize(160, 160)
        self.setToolTip("Drag to turn it, with Ctrl to move it; the wheel zooms")
        self.setAccessibleName("Point cloud")

    def show_clouds(self, clouds: Sequence[PointCloud]) -> None:
        """Replace what is shown by these clouds, at least one."""
        self._scene.show_clouds(clouds)

    def look_from_camera(self, middle_m: float) -> None:
        """Look from a little beside and behind the camera, and turn about the point `middle_m` in front of it."""
        self._middle_m = middle_m
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._middle_m is not None:  # not earlier: only now is the size of the picture known
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
