"""A moment of the live view as files: what the phone sent, what was predicted of it, and the window as it was."""

from __future__ import annotations

import json
import os
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtGui import QImage

from app.session.live_session import LiveFrame
from capture.frame import Frame
from capture.storage.encoding import encode_depth, encode_jpeg, encode_png


class Snapshots(QObject):
    """Writes each snapshot in a thread of its own, which may block on the disk and ends when it is written.

    `saved` carries its folder, `failed` one line for the person.
    """

    saved = pyqtSignal(str)
    failed = pyqtSignal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._threads: list[threading.Thread] = []

    def take(self, view: LiveFrame, window: QImage, weights: str) -> None:
        """Write what is seen into a new folder. Of a predicted frame, that frame and its prediction."""
        thread = threading.Thread(target=self._write, args=(view, window, weights), name="snapshot")
        self._threads = [running for running in self._threads if running.is_alive()] + [thread]
        thread.start()

    def finish(self) -> None:
        """Wait until everything is written."""
        for thread in self._threads:
            thread.join()

    def _write(self, view: LiveFrame, window: QImage, weights: str) -> None:
        try:
            self.saved.emit(str(write_snapshot(self._folder, view, window, weights)))
        except (OSError, ValueError) as error:
            self.failed.emit(f"The snapshot cannot be written into {self._folder} ({error})")


def write_snapshot(folder: Path, view: LiveFrame, window: QImage, weights: str) -> Path:
    """The new folder <folder>/<UTC time>, which appears whole:

        rgb.jpg         the phone's own JPEG where it came as one, else quality 95
        depth.png       LiDAR, 16-bit, millimetres, 0 = no reading; confidence.png 0, 1, 2 where the phone says it
        predicted.png   of the same frame, 16-bit, millimetres
        window.png      what was seen
        snapshot.json   camera, intrinsics in pixels of rgb.jpg, pose, weights

    Raises OSError where it cannot be written, ValueError where nothing has been seen yet.
    """
    frame = view.predicted_frame or view.frame
    if frame is None:
        raise ValueError("there is no picture yet")
    files = {"rgb.jpg": frame.jpeg or encode_jpeg(frame.rgb), "depth.png": encode_depth(frame.depth_m)}
    if frame.confidence is not None:
        files["confidence.png"] = encode_png(frame.confidence)
    if view.prediction is not None:
        files["predicted.png"] = encode_depth(view.prediction.depth_m)
    now = datetime.now(UTC)
    files["snapshot.json"] = json.dumps(_about(frame, now, weights), indent=2).encode() + b"\n"
    out = folder / f"{now:%Y-%m-%dT%H-%M-%S}-{now.microsecond // 1000:03}Z"
    work = out.with_name(f".{out.name}")
    try:
        work.mkdir(parents=True)
        for name, data in files.items():
            (work / name).write_bytes(data)
        if not window.save(str(work / "window.png"), "PNG"):
            raise OSError("the picture of the window cannot be written")
        os.replace(work, out)
    except OSError:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return out


def _about(frame: Frame, now: datetime, weights: str) -> dict[str, Any]:
    k, pose = frame.intrinsics, frame.pose
    return {
        "time_utc": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
        "frame": frame.index,
        "camera": frame.camera.value,
        "rgb_size": frame.rgb_size,
        "intrinsics": [k.fx, k.fy, k.cx, k.cy],
        "pose": [*pose.quaternion, *pose.position_m],
        "weights": weights or None,
    }
