"""A moment of the live view as files: what the phone sent, what was predicted from it, and the window."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.session.live_session import LiveFrame
from capture.frame import Frame
from capture.storage.encoding import encode_depth, encode_jpeg, encode_png


def write_snapshot(folder: Path, view: LiveFrame, window_png: bytes, weights: str) -> Path:
    """Write the new folder <folder>/<UTC time>, which appears only when it is complete:

        rgb.jpg         the phone's own JPEG if it sent one, else quality 95
        depth.png       LiDAR, 16-bit, millimetres, 0 = no reading; confidence.png 0, 1, 2 if the phone sends it
        predicted.png   of the same frame, 16-bit, millimetres
        window.png      the window
        snapshot.json   camera, intrinsics in pixels of rgb.jpg, pose, weights

    Of a view with a prediction, this is the predicted frame. Raises OSError if it cannot be written, ValueError if
    there is no frame yet.
    """
    frame = view.predicted_frame or view.frame
    if frame is None:
        raise ValueError("there is no picture yet")
    files = {
        "rgb.jpg": frame.jpeg or encode_jpeg(frame.rgb),
        "depth.png": encode_depth(frame.depth_m),
        "window.png": window_png,
    }
    if frame.confidence is not None:
        files["confidence.png"] = encode_png(frame.confidence)
    if view.prediction is not None:
        files["predicted.png"] = encode_depth(view.prediction.depth_m)
    now, work = _reserve(folder, datetime.now(UTC))
    files["snapshot.json"] = json.dumps(_description(frame, now, weights), indent=2).encode() + b"\n"
    out = work.with_name(work.name.removeprefix("."))
    try:
        for name, data in files.items():
            (work / name).write_bytes(data)
        os.replace(work, out)
    except OSError:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return out


def _reserve(folder: Path, now: datetime) -> tuple[datetime, Path]:
    """Make the hidden folder of a snapshot at `now`, or at the next millisecond that no other snapshot has."""
    while True:
        out = folder / f"{now:%Y-%m-%dT%H-%M-%S}-{now.microsecond // 1000:03}Z"
        work = out.with_name(f".{out.name}")
        with suppress(FileExistsError):  # another thread writes this one
            work.mkdir(parents=True)
            if not out.exists():
                return now, work
            work.rmdir()
        now += timedelta(milliseconds=1)


def _description(frame: Frame, now: datetime, weights: str) -> dict[str, Any]:
    k, pose = frame.intrinsics, frame.pose
    return {
        "time_utc": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
        "frame": frame.index,
        "camera_time_s": frame.camera_time_s,
        "phone_time_unix_s": frame.phone_time_unix_s,
        "camera": frame.camera.value,
        "rgb_size": frame.rgb_size,
        "intrinsics": [k.fx, k.fy, k.cx, k.cy],
        "pose": [*pose.quaternion, *pose.position_m],
        "weights": weights or None,
    }
