"""A grid of image panels: which are visible, where each one is, and what is marked in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PyQt5.QtWidgets import QWidget

from app.session.orientation import AS_RECEIVED, Rotation
from app.session.readout import Marks, Place
from app.widgets.image_panel import PORTRAIT, ImagePanel
from app.widgets.theme import GAP, RED
from app.window.views.grid_layout import GridSpace, arrange

FRAME_WIDTH = 3  # pixels


class PanelGrid(QWidget):
    """Panels of one size in rows, as large as they fit; or one of them alone.

    `panels` are in their order from left to right; two whose names are one of `pairs` stay side by side.
    """

    visible_changed = pyqtSignal()
    marks_changed = pyqtSignal()

    def __init__(
        self, panels: dict[str, ImagePanel], visible: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__()
        self.panels, self._pairs = panels, pairs
        self._visible = [name for name in panels if name in visible] or list(panels)
        self._alone = ""
        self.marks = Marks()  # the same in all panels
        self._aspect, self.turn = PORTRAIT, AS_RECEIVED
        self.framed = False
        for name, panel in panels.items():
            panel.setParent(self)
            panel.enlarged.connect(lambda name=name: self.enlarge(name))
            panel.pointed.connect(lambda place: self.mark(replace(self.marks, pointer=place)))
            panel.clicked.connect(self._add_point)
            panel.dragged.connect(lambda *corners: self.mark(replace(self.marks, region=corners, points=())))
        self.setMinimumSize(480, 320)

    @property
    def visible(self) -> list[str]:
        """Names of the panels that are chosen, in their order."""
        return list(self._visible)

    def set_visible(self, name: str, visible: bool) -> None:
        """Show or hide a panel; the last one stays visible."""
        self.choose([other for other in self.panels if (other in self._visible if other != name else visible)])

    def choose(self, names: Sequence[str]) -> None:
        """Show these panels and hide the others. Unknown names are ignored; at least one panel stays visible."""
        self._visible = [name for name in self.panels if name in names] or self._visible
        self._alone = ""
        self.arrange()
        self.visible_changed.emit()

    def is_visible(self, name: str) -> bool:
        """Whether the panel is worth drawing."""
        return name == self._alone if self._alone else name in self._visible

    def enlarge(self, name: str) -> None:
        """Show this panel alone; show all chosen panels again if it is alone already, or if `name` is empty."""
        self._alone = "" if name == self._alone else name
        self.mark(Marks())  # the first half of a double click has marked a point
        self.arrange()
        self.visible_changed.emit()

    def mark(self, marks: Marks) -> None:
        """Show these marks in all panels."""
        if marks != self.marks:
            self.marks = marks
            for panel in self.panels.values():
                panel.show_marks(marks)
            self.marks_changed.emit()

    def set_aspect(self, aspect: float) -> None:
        """Set width / height of the pictures as displayed."""
        if abs(aspect - self._aspect) > 1e-3:
            self._aspect = aspect
            for panel in self.panels.values():
                panel.aspect = aspect
            self.arrange()

    def set_turn(self, turn: Rotation) -> None:
        """Turn all pictures; marks keep their place in the scene."""
        if turn != self.turn:
            self.turn = turn
            for panel in self.panels.values():
                panel.turn = turn
                panel.update()

    def set_framed(self, framed: bool) -> None:
        """Show or hide a red frame around everything: the sign of a recording."""
        if framed != self.framed:
            self.framed = framed
            self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            if self.marks.points or self.marks.region is not None:
                self.mark(Marks(self.marks.pointer))
            elif self._alone:
                self.enlarge("")
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self.framed:
            painter = QPainter(self)
            painter.setPen(QPen(QColor(RED), FRAME_WIDTH))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Put every visible panel in its place."""
        names = [self._alone] if self._alone else self.visible
        text_height = next(iter(self.panels.values())).text_height()
        space = GridSpace(self.width(), self.height(), self._aspect, text_height, GAP)
        for name, box in arrange(names, space, self._pairs).items():
            self.panels[name].setGeometry(box.x, box.y, box.width, box.height)
        for name, panel in self.panels.items():
            panel.setVisible(name in names)

    def _add_point(self, place: Place) -> None:
        """Mark the second point of a distance, or the first of a new one."""
        before = self.marks.points if len(self.marks.points) == 1 else ()
        self.mark(replace(self.marks, points=(*before, place), region=None))
