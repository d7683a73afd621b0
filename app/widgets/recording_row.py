"""A recording as a row of a list: thumbnail, name, length, losses, role, and how far its depth reaches."""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, QRect, QSize, Qt
from PyQt5.QtGui import QColor, QFontMetrics, QPainter
from PyQt5.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.session.recording_summary import RecordingSummary
from app.session.training_roles import HELD_OUT
from app.widgets.image_panel import fitted
from app.widgets.qimages import rgb_image
from app.widgets.theme import ACCENT, AMBER, BLUE, DARK_TEXT, DIM_TEXT, EMPTY, LIGHT_RED, SURFACE, TEXT
from capture.inspection.survey import METRES
from capture.wording import counted

SUMMARY, ROLE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
EDGE = 8  # pixels around everything
PICTURE = 72  # pixels of a thumbnail's longer side
BAR, BARS_HEIGHT = 9, 20  # pixels of the coverage
FULL_BAR = 0.5  # share of the pixels: more within one metre is rare


class RecordingRowDelegate(QStyledItemDelegate):
    """Paints a RecordingSummary (SUMMARY) and its role in the next training (ROLE)."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, PICTURE + 2 * EDGE)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        summary: RecordingSummary = index.data(SUMMARY)
        if painter is None or summary is None:
            return
        painter.save()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(option.rect, ACCENT.darker(220) if chosen else SURFACE)
        area = option.rect.adjusted(EDGE, EDGE, -EDGE, -EDGE)
        _paint_picture(painter, QRect(area.left(), area.top(), PICTURE, PICTURE), summary)
        text_area = area.adjusted(PICTURE + EDGE, 0, 0, 0)
        role_width = _paint_role(painter, text_area, index.data(ROLE) or "")
        _paint_text(painter, text_area, summary, role_width)
        if summary.coverage:
            _paint_coverage(painter, text_area, summary.coverage)
        painter.restore()


def tool_tip(summary: RecordingSummary) -> str:
    """Return name, length, losses and depth coverage, a line each."""
    lines = [summary.path.name]
    if summary.problem:
        return "\n".join([*lines, summary.problem])
    lost = ", ".join(f"{count} {cause}" for cause, count in summary.lost.items()) or "none"
    lines += [f"{counted(summary.frames, 'frame')} in {summary.length}", f"Lost: {lost}"]
    lines.append("Share of the pixels with confident depth, by distance:")
    for metre, share in enumerate(summary.coverage):
        reach = f"beyond {metre} m" if metre == METRES else f"{metre} to {metre + 1} m"
        lines.append(f"    {reach}: {share:.0%}")
    return "\n".join(lines)


def _paint_picture(painter: QPainter, square: QRect, summary: RecordingSummary) -> None:
    painter.fillRect(square, EMPTY)
    if summary.thumbnail is not None:
        height, width = summary.thumbnail.shape[:2]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(fitted(width / height, square), rgb_image(summary.thumbnail))


def _paint_role(painter: QPainter, area: QRect, role: str) -> int:
    """Paint a badge in the upper right corner; return its width in pixels."""
    if not role:
        return 0
    metrics = QFontMetrics(painter.font())
    width = metrics.horizontalAdvance(role) + 12
    badge = QRect(area.right() - width, area.top(), width, metrics.height() + 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(AMBER if role == HELD_OUT else BLUE))
    painter.drawRoundedRect(badge, 4, 4)
    painter.setPen(DARK_TEXT if role == HELD_OUT else TEXT)
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, role)
    return width + EDGE


def _paint_text(painter: QPainter, area: QRect, summary: RecordingSummary, badge_width: int) -> None:
    font = painter.font()
    height = QFontMetrics(font).height() + 2
    lines = [(summary.name, TEXT, True), *_lines(summary)]
    for number, (text, color, bold) in enumerate(lines):
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(color)
        line = QRect(
            area.left(), area.top() + number * height, area.width() - (badge_width if number == 0 else 0), height
        )
        elided = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, elided)


def _lines(summary: RecordingSummary) -> list[tuple[str, QColor, bool]]:
    if summary.problem:
        return [(summary.problem, DIM_TEXT, False)]
    lost = sum(summary.lost.values())
    lines = [
        (f"{summary.length}  ·  {counted(summary.frames, 'frame')}", TEXT, False),
        (summary.began, DIM_TEXT, False),
    ]
    return [*lines, (f"{lost} lost", QColor(LIGHT_RED), False)] if lost else lines


def _paint_coverage(painter: QPainter, area: QRect, coverage: tuple[float, ...]) -> None:
    """Paint one bar a metre in the lower right corner, the nearest metre on the left."""
    left, bottom = area.right() - len(coverage) * BAR, area.bottom()
    painter.setPen(Qt.PenStyle.NoPen)
    for metre, share in enumerate(coverage):
        full = QRect(left + metre * BAR, bottom - BARS_HEIGHT, BAR - 2, BARS_HEIGHT)
        painter.fillRect(full, EMPTY)
        height = round(min(share / FULL_BAR, 1.0) * BARS_HEIGHT)
        painter.fillRect(full.adjusted(0, BARS_HEIGHT - height, 0, 0), ACCENT)
