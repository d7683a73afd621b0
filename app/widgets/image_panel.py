"""A picture with title, caption and colour bar."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEvent, QPoint, QRect, Qt, pyqtSignal
from PyQt5.QtGui import (
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
from app.widgets.basic import plain_tip
from app.widgets.color_bar import ColorBar, bar_height
from app.widgets.theme import ACCENT, DIM_TEXT, EMPTY, GAP, MARK, MARK_SHADOW, TEXT, fonts

Align = Qt.AlignmentFlag
PORTRAIT = 0.75  # width / height of a phone's picture held upright; used until the first frame
DRAG_PIXELS = 5  # a hand moves the mouse so far while it clicks


class ImagePanel(QWidget):
    """A title, a picture and a caption; without a picture, the reason why there is none.

    Pictures of any size are drawn with `aspect` (width / height), because maps of all sizes cover the same view, and
    with `turn`. Pictures and places in signals and methods are as received, before the turn.
    Space for a colour bar is kept even without `bar`, so that pictures side by side have one size.
    """

    enlarged = pyqtSignal()  # by a double click or Enter
    pointed = pyqtSignal(object)  # a Place in the picture, or None when the pointer has left it
    clicked = pyqtSignal(object)  # a Place
    dragged = pyqtSignal(object, object)  # two Places, while a button is held

    def __init__(self, title: str, tool_tip: str, bar: ColorBar | None = None) -> None:
        super().__init__()
        self.title, self.caption, self.reason = title, "", ""
        self.aspect = PORTRAIT  # as displayed
        self.turn = AS_RECEIVED
        self.bar = bar
        self._picture: QImage | None = None
        self._marks = Marks()
        self._pressed: QPoint | None = None  # where a button went down and no drag has begun
        self._dragged_from: Place | None = None
        self.setMouseTracking(True)
        self.setToolTip(plain_tip(tool_tip))
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if bar is not None:
            bar.setParent(self)

    def show_picture(self, picture: QImage, caption: str) -> None:
        """Show a picture as received."""
        self._picture, self.caption = picture, caption
        self.update()

    def show_reason(self, reason: str) -> None:
        """Show one line in place of a picture: why there is none."""
        if self._picture is not None or reason != self.reason:
            self._picture, self.caption, self.reason = None, "", reason
            self.update()

    def show_marks(self, marks: Marks) -> None:
        """Draw these marks over the picture."""
        self._marks = marks
        self.update()

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown, not a reason."""
        return self._picture is not None

    def text_height(self) -> int:
        """Return the pixels that title, caption and colour bar take above and below the picture."""
        title, caption = (QFontMetrics(font).height() for font in fonts(self))
        return title + caption + 10 + bar_height(self)

    def pixels(self) -> tuple[int, int]:
        """Return (width, height) of the drawn picture in pixels of the screen, before it is turned."""
        size = self.picture_rect().size() * self.devicePixelRatioF()
        return self.turn.displayed_size(size.width(), size.height())

    def picture_rect(self) -> QRect:
        """Return where in the panel the picture is drawn."""
        return fitted(self.aspect, self._area())

    def _area(self) -> QRect:
        """The space between title and caption."""
        title, caption = (QFontMetrics(font).height() + 5 for font in fonts(self))
        return self.rect().adjusted(0, title, 0, -caption - bar_height(self))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        if self.bar is not None:
            height = bar_height(self)
            self.bar.setGeometry(0, self.height() - height, self.width(), height)

    def place(self, at: QPoint) -> Place | None:
        """Convert a point of the panel to a place in the picture; None if it is outside."""
        picture = self.picture_rect()
        if not (self.has_picture and picture.contains(at)):
            return None
        x, y = (at.x() - picture.left() + 0.5) / picture.width(), (at.y() - picture.top() + 0.5) / picture.height()
        return Place(*self.turn.received(x, y))

    def point(self, place: Place) -> QPoint:
        """Convert a place in the picture to a point of the panel."""
        picture = self.picture_rect()
        x, y = self.turn.displayed(place.x, place.y)
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
                area.adjusted(GAP, GAP, -GAP, -GAP), Align.AlignCenter | Qt.TextFlag.TextWordWrap, self.reason
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
    """Return a picture as displayed. Quarter turns only move pixels, which costs less than a rotated painter."""
    if turn.mirrored:
        picture = picture.mirrored(True, False)
    return picture.transformed(QTransform().rotate(90 * turn.quarter_turns)) if turn.quarter_turns else picture


def draw_marks(painter: QPainter, picture: QRect, marks: Marks, at: Callable[[Place], QPoint]) -> None:
    """Draw marks light on dark, visible on any colour. `at` converts a place to a point of the panel."""
    painter.save()
    painter.setClipRect(picture)
    for color, width in ((MARK_SHADOW, 3), (MARK, 1)):
        painter.setPen(QPen(color, width))
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
    """Return the largest rectangle with `aspect` (width / height) in the middle of `area`."""
    width = min(area.width(), round(area.height() * aspect))
    height = min(area.height(), round(area.width() / aspect))
    return QRect(area.left() + (area.width() - width) // 2, area.top() + (area.height() - height) // 2, width, height)
