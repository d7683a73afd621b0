"""The board that panels stand on: which are seen, and where each goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PyQt5.QtCore import QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PyQt5.QtWidgets import QWidget

from app.session.orientation import AS_RECEIVED, Rotation
from app.session.readout import Marks, Place
from app.widgets.image_panel import PORTRAIT, ImagePanel
from app.widgets.theme import GAP

RECORDING = QColor(229, 72, 77)


class PanelGrid(QWidget):
    """Panels in rows of equal pictures, as large as they can be; or one of them alone.

    `panels` by name, in the order in which they stand; two whose names are in one of `pairs` stay side by side.
    """

    seen_changed = pyqtSignal()
    marks_changed = pyqtSignal()

    def __init__(
        self, panels: dict[str, ImagePanel], seen: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__()
        self.panels, self._pairs = panels, pairs
        self._seen = [name for name in panels if name in seen] or list(panels)
        self._alone = ""
        self.marks = Marks()  # what a person points at and has clicked, the same in all panels
        self._aspect, self.turn = PORTRAIT, AS_RECEIVED
        self._framed = False
        for name, panel in panels.items():
            panel.setParent(self)
            panel.enlarged.connect(lambda name=name: self.enlarge(name))
            panel.pointed.connect(lambda place: self.mark(replace(self.marks, pointer=place)))
            panel.clicked.connect(self._add_point)
            panel.dragged.connect(lambda *corners: self.mark(replace(self.marks, region=corners, points=())))
        self.setMinimumSize(480, 320)

    @property
    def seen(self) -> list[str]:
        """The names of the panels that are chosen to be seen, in their order."""
        return list(self._seen)

    def see(self, name: str, seen: bool) -> None:
        """Show or hide a panel; the last one stays."""
        self.choose([other for other in self.panels if (other in self._seen if other != name else seen)])

    def choose(self, names: Sequence[str]) -> None:
        """Show these panels and hide the others; names of none are passed over, and at least one stays."""
        self._seen = [name for name in self.panels if name in names] or self._seen
        self._alone = ""
        self.arrange()
        self.seen_changed.emit()

    def is_seen(self, name: str) -> bool:
        """Whether there is any use in drawing the panel."""
        return name == self._alone if self._alone else name in self._seen

    def enlarge(self, name: str) -> None:
        """Show this panel alone; all that are chosen again where it is alone already, or `name` is empty."""
        self._alone = "" if name == self._alone else name
        self.mark(Marks())  # the first half of a double click has marked a point
        self.arrange()
        self.seen_changed.emit()

    def mark(self, marks: Marks) -> None:
        """Show these marks in all panels."""
        if marks != self.marks:
            self.marks = marks
            for panel in self.panels.values():
                panel.show_marks(marks)
            self.marks_changed.emit()

    def set_aspect(self, aspect: float) -> None:
        """Width / height of the pictures as they are seen."""
        if abs(aspect - self._aspect) > 1e-3:
            self._aspect = aspect
            for panel in self.panels.values():
                panel.aspect = aspect
            self.arrange()

    def set_turn(self, turn: Rotation) -> None:
        """How all pictures are turned; what is marked stays where it is in the scene."""
        if turn != self.turn:
            self.turn = turn
            for panel in self.panels.values():
                panel.turn = turn
                panel.update()

    def set_framed(self, framed: bool) -> None:
        """A red frame around everything: what is seen is being recorded."""
        if framed != self._framed:
            self._framed = framed
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
        if self._framed:
            painter = QPainter(self)
            painter.setPen(QPen(RECORDING, 3))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Put every panel that is seen in its place."""
        names = [self._alone] if self._alone else self.seen
        columns = max(range(1, len(names) + 1), key=lambda columns: self._picture(columns, len(names)).width())
        size = self._picture(columns, len(names))
        places = self._places(size, columns, len(names))
        for name, place in zip(self._ordered(names, columns), places, strict=True):
            self.panels[name].setGeometry(place)
        for name, panel in self.panels.items():
            panel.setVisible(name in names)

    def _add_point(self, place: Place) -> None:
        """The second point of a distance, or the first of a new one."""
        before = self.marks.points if len(self.marks.points) == 1 else ()
        self.mark(replace(self.marks, points=(*before, place), region=None))

    def _ordered(self, names: list[str], columns: int) -> list[str]:
        """The first panel after the next two where a row's end would part these, and they are a pair."""
        first, *others = names
        if columns == 2 and len(others) > 1 and (others[0], others[1]) in self._pairs:
            return [*others[:2], first, *others[2:]]
        return names

    def _picture(self, columns: int, count: int) -> QSize:
        """The largest picture of which `count` fit in so many columns, each with what stands around it, and gaps."""
        rows = -(-count // columns)
        width = (self.width() - (columns + 1) * GAP) / columns
        height = (self.height() - (rows + 1) * GAP) / rows - self._text()
        width = max(16.0, min(width, height * self._aspect))
        return QSize(int(width), int(width / self._aspect))

    def _places(self, picture: QSize, columns: int, count: int) -> list[QRect]:
        """Row by row, all of them together in the middle."""
        width, height, rows = picture.width(), picture.height() + self._text(), -(-count // columns)
        left = (self.width() - columns * width - (columns - 1) * GAP) // 2
        top = (self.height() - rows * height - (rows - 1) * GAP) // 2
        return [
            QRect(left + (i % columns) * (width + GAP), top + (i // columns) * (height + GAP), width, height)
            for i in range(count)
        ]

    def _text(self) -> int:
        return next(iter(self.panels.values())).text_height()
