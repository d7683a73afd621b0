"""Snapshots of the window: written beside it, with its picture, or a line that names the reason."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

import cv2
import pytest
from PyQt5.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.session import snapshot_files
from app.session.live_session import LiveFrame
from app.session.snapshot_files import write_snapshot
from app.window.snapshots import Snapshots, png
from tests.support.frames import make_frame

WAIT_MS = 30_000


def window() -> QImage:
    image = QImage(32, 20, QImage.Format.Format_RGB32)
    image.fill(0xFF2040)
    return image


def test_every_snapshot_is_written(qtbot: QtBot, tmp_path: Path) -> None:
    snapshots, saved = Snapshots(tmp_path), list[str]()
    snapshots.saved.connect(saved.append)
    for index in range(3):
        snapshots.take(LiveFrame(make_frame(index)), window(), "starter")
    snapshots.finish()
    assert len(list(tmp_path.glob("*/window.png"))) == 3
    qtbot.waitUntil(lambda: len(saved) == 3, timeout=WAIT_MS)
    assert cv2.imread(f"{saved[0]}/window.png").shape == (20, 32, 3)


@pytest.mark.parametrize(
    ("view", "image", "reason"),
    [
        (LiveFrame(), window(), "there is no picture yet"),
        (LiveFrame(make_frame(0)), QImage(), "the picture of the window cannot be encoded"),
    ],
)
def test_what_cannot_be_written_is_said(
    qtbot: QtBot, tmp_path: Path, view: LiveFrame, image: QImage, reason: str
) -> None:
    snapshots = Snapshots(tmp_path / "snapshots")
    with qtbot.waitSignal(snapshots.failed, timeout=WAIT_MS) as failed:
        snapshots.take(view, image, "")
    assert failed.args[0] == f"The snapshot cannot be written into {tmp_path / 'snapshots'} ({reason})"
    assert not (tmp_path / "snapshots").exists()


def test_png_is_what_qt_shows() -> None:
    with pytest.raises(OSError, match="the picture of the window"):
        png(QImage())
    assert png(window()).startswith(b"\x89PNG")


def test_snapshots_of_the_same_moment_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2026, 1, 2, 3, 4, 5, 678_901, tz)

    monkeypatch.setattr(snapshot_files, "datetime", Stopped)
    names = [write_snapshot(tmp_path, LiveFrame(make_frame(i)), png(window()), "").name for i in range(3)]
    assert names == [f"2026-01-02T03-04-05-{millisecond}Z" for millisecond in (678, 679, 680)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
