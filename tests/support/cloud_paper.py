"""A stand-in for the canvas that draws point clouds."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtWidgets import QWidget

from app.session.point_cloud import PointCloud


class Paper(QWidget):
    """In place of OpenGL's picture: keeps what is to be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Sequence[PointCloud]] = []
        self.looks: list[float] = []

    def show_clouds(self, clouds: Sequence[PointCloud]) -> None:
        self.shown.append(clouds)

    def look_from_camera(self, middle_m: float) -> None:
        self.looks.append(middle_m)
