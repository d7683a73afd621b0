"""Controls of a recording that is played: play, pause, seek, step frame by frame."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QSlider, QWidget

from app.widgets.basic import PlainLabel, button
from app.widgets.theme import GAP
from app.window.actions import tip_with_key
from capture.sources.replay import Position, ReplaySource


class PlaybackBar(QWidget):
    """Hidden unless a recording is played."""

    def __init__(self) -> None:
        super().__init__()
        self._source: ReplaySource | None = None
        self.play_button = button("Pause", tip_with_key("play"), self.play_or_pause)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setToolTip("Drag to any frame; the arrow keys step frame by frame")
        self.slider.setAccessibleName("Frame")
        self.slider.valueChanged.connect(self._seek)
        self.label = PlainLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.play_button)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        self.hide()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return the handlers of the Play menu."""
        return {
            "play": self.play_or_pause,
            "next_frame": lambda: self.step(1),
            "previous_frame": lambda: self.step(-1),
        }

    def follow(self, source: ReplaySource | None) -> None:
        """Control this source; None: hide."""
        self._source = source
        self.setVisible(source is not None)
        self.refresh()

    def refresh(self) -> None:
        """Show the current position."""
        if self._source is None:
            return
        position = self._source.position
        self.slider.blockSignals(True)
        self.slider.setMaximum(position.frames - 1)
        if not self.slider.isSliderDown():
            self.slider.setValue(position.frame)
        self.slider.blockSignals(False)
        self.play_button.setText("Pause" if position.playing else "Play")
        self.label.setText(position_line(position))

    def play_or_pause(self) -> None:
        """Pause the recording, or play it again."""
        if self._source is not None:
            if self._source.position.playing:
                self._source.pause()
            else:
                self._source.play()
            self.refresh()

    def step(self, frames: int) -> None:
        """Pause, and move so many frames forward, or back if negative."""
        if self._source is not None:
            self._source.pause()
            self._source.seek(self._source.position.frame + frames)
            self.refresh()

    def _seek(self, frame: int) -> None:
        if self._source is not None:
            self._source.seek(frame)
            self.refresh()


def position_line(position: Position) -> str:
    """Format time and frame number, counted from 1."""
    times = (f"{int(s // 60)}:{s % 60:04.1f}" for s in (position.seconds, position.length_s))
    return f"{' / '.join(times)}  ·  frame {position.frame + 1} of {position.frames}"
