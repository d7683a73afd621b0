"""`python -m tests.support.cloud_program FOLDER`: shows clouds of a frame that is known, and saves what is seen.

A wall at 2 m, red in its left half and green in its right one; predicted at 1.5 m. Prints the view's text about its
failure, if it fails. All of it twice, in two windows: what OpenGL keeps of the first must not spoil the second.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent, QWheelEvent
from PyQt5.QtWidgets import QApplication, QMainWindow, QWidget

from app.session.display_options import DisplayOptions
from app.session.live_session import LiveFrame
from app.session.views import DEFAULT_VIEWS
from app.window.application import application
from app.window.views.cloud_view import CloudView
from app.window.views.live_panels import LivePanels
from capture.frame import Intrinsics
from model.predictor import Prediction
from tests.support.frames import make_frame
from tests.support.waiting import wait_until

RED, GREEN = (200, 40, 40), (40, 180, 60)


def known_view() -> LiveFrame:
    image = np.empty((256, 192, 3), np.uint8)
    image[:, :96], image[:, 96:] = RED, GREEN
    depth_m = np.full((256, 192), 2.0, np.float32)
    camera = Intrinsics(200.0, 200.0, 96.0, 128.0)
    frame = replace(make_frame(0, (192, 256), (192, 256)), image=image, depth_m=depth_m, intrinsics=camera)
    return LiveFrame(frame, Prediction(0, depth_m - np.float32(0.5), depth_m * 0, 0.01), frame)


def show(folder: Path, number: int) -> str:
    """What went wrong."""
    window, panels, problems = QMainWindow(), LivePanels(DEFAULT_VIEWS, DisplayOptions()), []
    view = CloudView(panels)
    view.failed.connect(problems.append)
    window.setCentralWidget(view)
    window.resize(420, 600)
    window.show()
    view.show()
    panels.show_frame(known_view())
    wait_until_drawn(view, problems)
    if problems:
        return problems[0]

    def save(name: str) -> None:
        wait_until_drawn(view, problems)
        view.canvas.grab().save(str(folder / f"{name}-{number}.png"))

    save("both")
    view.predicted_box.setChecked(False)
    wait_until_drawn(view, problems)
    view.reset_view()  # to what is left
    for by, name in enumerate(("rgb", "depth", "error")):
        view.color_box.setCurrentIndex(by)
        save(name)
    view.color_box.setCurrentIndex(0)
    drag(view.canvas, QPoint(200, 200), QPoint(290, 170))
    save("turned")
    view.reset_view()
    save("reset")
    middle = QPointF(200, 200)
    scroll = QWheelEvent(middle, middle, QPoint(), QPoint(0, 480), Qt.NoButton, Qt.NoModifier, Qt.NoScrollPhase, False)
    QApplication.sendEvent(view.canvas, scroll)
    save("nearer")
    view.predicted_box.setChecked(True)
    view.lidar_box.setChecked(False)
    save("predicted")
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.DeferredDelete)
    return ""


def wait_until_drawn(view: CloudView, problems: list[str]) -> None:
    """The picture has been made, is laid out, and no drawing is due any more."""

    def drawn() -> bool:
        QApplication.processEvents()
        return bool(problems) or (view.canvas is not None and view.canvas.isVisible() and not view.is_due)

    wait_until(drawn, "the cloud is drawn")
    QApplication.processEvents()


def drag(widget: QWidget, begin: QPoint, end: QPoint) -> None:
    for kind, at, button in (
        (QEvent.MouseButtonPress, begin, Qt.LeftButton),
        (QEvent.MouseMove, end, Qt.NoButton),
        (QEvent.MouseButtonRelease, end, Qt.LeftButton),
    ):
        held = Qt.NoButton if kind == QEvent.MouseButtonRelease else Qt.LeftButton
        QApplication.sendEvent(widget, QMouseEvent(kind, QPointF(at), button, held, Qt.NoModifier))


if __name__ == "__main__":
    app = application()
    print("\n".join(filter(None, (show(Path(sys.argv[1]), number) for number in (1, 2)))))
