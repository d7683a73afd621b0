"""A picture with its title, its caption and its colour bar."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEvent, QPoint, QRect, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
)
from PyQt5.QtWidgets import QWidget

from app.session.orientation import AS_RECEIVED, Rotation
from app.session.readout import Marks, Place
from app.widgets.color_bar import ColorBar, bar_height
from app.widgets.theme import ACCENT, DIM_TEXT, EMPTY, GAP, TEXT, fonts

Align = Qt.AlignmentFlag
PORTRAIT = 0.75  # width / height of a phone's picture held upright, until a frame says otherwise
DRAG_PIXELS = 5  # a hand moves the mouse so far while it clicks


class ImagePanel(QWidget):
    """A title, a picture, and a caption. Without a picture it says why there is none.

    Whatever its own size, the picture is drawn with `aspect` (width / height): maps of all sizes cover the same view.
    It is drawn turned; pictures and places go in and out as received, and nobody else has to know.
    Below it is room for `bar`, also where there is none, so that pictures side by side are of one size.
    """

    enlarged = pyqtSignal()  # by a double click or Enter: a person wants to see this one alone, or all again
    pointed = pyqtSignal(object)  # a Place in the picture, or None where the pointer left it
    clicked = pyqtSignal(object)  # a Place
    dragged = pyqtSignal(object, object)  # two Places, while a button is held

    def __init__(self, title: str, tool_tip: str, bar: ColorBar | None = None) -> None:
        super().__init__()
        self.title, self.caption, self.empty = title, "", ""
        self.aspect = PORTRAIT  # as it is seen
        self.turn = AS_RECEIVED
        self.bar = bar
        self._picture: QImage | None = None
        self._marks = Marks()
        self._pressed: QPoint | None = None  # where a button went down and has not been dragged from yet
        self._dragged_from: Place | None = None
        self.setMouseTracking(True)
        self.setToolTip(tool_tip)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if bar is not None:
            bar.setParent(self)

    def say(self, empty: str) -> None:
        """What stands in the picture's place while there is none."""
        if empty != self.empty:
            self.empty = empty
            self.update()

    def show_picture(self, picture: QImage | None, caption: str) -> None:
        self._picture, self.caption = picture, caption
        self.update()

    def show_marks(self, marks: Marks) -> None:
        self._marks = marks
        self.update()

    @property
    def has_picture(self) -> bool:
        return self._picture is not None

    def text_height(self) -> int:
        """Pixels that title, caption and colour bar take above and below the picture."""
        title, caption = (QFontMetrics(font).height() for font in fonts(self))
        return title + caption + 10 + bar_height(self)

    def pixels(self) -> tuple[int, int]:
        """(width, height) in which the picture is drawn, in pixels of the screen, before it is turned."""
        size = fitted(self.aspect, self._area()).size() * self.devicePixelRatioF()
        return self.turn.seen_size(size.width(), size.height())

    def _area(self) -> QRect:
        """What title, caption and bar leave for the picture."""
        title, caption = (QFontMetrics(font).height() + 5 for font in fonts(self))
        return self.rect().adjusted(0, title, 0, -caption - bar_height(self))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        if self.bar is not None:
            height = bar_height(self)
            self.bar.setGeometry(0, self.height() - height, self.width(), height)

    def place(self, at: QPoint) -> Place | None:
        """Where in the picture as received a point of the panel is; None where it is beside it."""
        picture = fitted(self.aspect, self._area())
        if not (self.has_picture and picture.contains(at)):
            return None
        x, y = (at.x() - picture.left() + 0.5) / picture.width(), (at.y() - picture.top() + 0.5) / picture.height()
        return Place(*self.turn.received(x, y))

    def point(self, place: Place) -> QPoint:
        """Where in the panel a place of the picture as received is."""
        picture = fitted(self.aspect, self._area())
        x, y = self.turn.seen(place.x, place.y)
        return QPoint(picture.left() + int(x * picture.width()), picture.top() + int(y * picture.height()))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged_from = event.pos(), None

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._drag_to(event.pos())
        self.pointed.emit(self.place(event.pos()))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._drag_to(event.pos())
        if self._pressed is not None and (place := self.place(event.pos())) is not None:
            self.clicked.emit(place)
        self._pressed = self._dragged_from = None

    def _drag_to(self, at: QPoint) -> None:
        if self._pressed is not None and (at - self._pressed).manhattanLength() > DRAG_PIXELS:
            self._dragged_from, self._pressed = self.place(self._pressed), None
        if self._dragged_from is not None and (place := self.place(at)) is not None:
            self.dragged.emit(self._dragged_from, place)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.enlarged.emit()

    def leaveEvent(self, event: QEvent | None) -> None:
        self.pointed.emit(None)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarged.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        title, caption = fonts(self)
        area = self._area()
        above, below = area.top(), QFontMetrics(caption).height() + 5
        painter = QPainter(self)
        painter.setFont(title)
        painter.setPen(ACCENT.lighter(150) if self.hasFocus() else TEXT)
        painter.drawText(
            0,
            0,
            self.width(),
            above,
            Align.AlignLeft | Align.AlignTop,
            self._elided(self.title, title),
        )
        if self._picture is None:
            painter.fillRect(area, EMPTY)
            painter.setFont(self.font())
            painter.setPen(DIM_TEXT)
            painter.drawText(
                area.adjusted(GAP, GAP, -GAP, -GAP), Align.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty
            )
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            picture = fitted(self.aspect, area)
            painter.drawImage(picture, turned(self._picture, self.turn))
            draw_marks(painter, picture, self._marks, self.point)
        painter.setFont(caption)
        painter.setPen(DIM_TEXT)
        bottom = QRect(0, area.bottom() + 1, self.width(), below)
        painter.drawText(bottom, Align.AlignLeft | Align.AlignBottom, self._elided(self.caption, caption))

    def _elided(self, text: str, font: QFont) -> str:
        return QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, self.width())


def turned(picture: QImage, turn: Rotation) -> QImage:
    """A picture as it is to be seen. By quarter turns Qt only moves pixels, which costs less than drawing aslant."""
    if turn.mirrored:
        picture = picture.mirrored(True, False)
    return picture.transformed(QTransform().rotate(90 * turn.quarter_turns)) if turn.quarter_turns else picture


def draw_marks(painter: QPainter, picture: QRect, marks: Marks, at: Callable[[Place], QPoint]) -> None:
    """In every picture at the same place of the scene; dark below light, so that they are seen on all colours.

    `at` says where in the panel a place is.
    """
    painter.save()
    painter.setClipRect(picture)
    for colour, width in ((QColor(0, 0, 0, 150), 3), (QColor(255, 255, 255), 1)):
        painter.setPen(QPen(colour, width))
        if marks.pointer is not None:
            x, y = at(marks.pointer).x(), at(marks.pointer).y()
            painter.drawLine(x, picture.top(), x, picture.bottom())
            painter.drawLine(picture.left(), y, picture.right(), y)
        if len(marks.points) == 2:
            painter.drawLine(at(marks.points[0]), at(marks.points[1]))
        for point in marks.points:
            painter.drawEllipse(at(point), 4, 4)
        if marks.region is not None:
            painter.drawRect(QRect(at(marks.region[0]), at(marks.region[1])).normalized())
    painter.restore()


def fitted(aspect: float, area: QRect) -> QRect:
    """The largest rectangle with `aspect`, width / height, in the middle of `area`."""
    width = min(area.width(), round(area.height() * aspect))
    height = min(area.height(), round(area.width() / aspect))
    return QRect(area.left() + (area.width() - width) // 2, area.top() + (area.height() - height) // 2, width, height)
