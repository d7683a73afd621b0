"""Small frames and recordings that tests are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from capture.frame import Camera, Frame, Intrinsics, Pose
from capture.sources.base import Source
from capture.storage.encoding import JPEG_QUALITY, encode
from capture.storage.writer import RecordingWriter
from capture.virtual_phone.clips import frame_message


def make_frame(
    index: int,
    rgb_size: tuple[int, int] = (72, 96),
    depth_size: tuple[int, int] = (24, 32),
    confidence: bool = True,
    camera: Camera = Camera.LIDAR,
) -> Frame:
    """A frame that encodes its own index in every part: RGB level, depth in millimetres, pose, focal length."""
    width, height = rgb_size
    depth = np.full(depth_size[::-1], 1 + index / 1000, np.float32)
    depth[0, 0] = 0
    return Frame(
        index=index,
        received_ns=index * 16_666_667,
        image=np.full((height, width, 3), index % 256, np.uint8),
        depth_m=depth,
        confidence=np.full(depth_size[::-1], 2, np.uint8) if confidence else None,
        intrinsics=Intrinsics(width + index, width + index, width / 2, height / 2),
        pose=Pose((0.0, 0.0, 0.0, 1.0), (float(index), 0.0, 0.0)),
        camera=camera,
    )


def number_of(frame: Frame) -> int:
    """Return the number that `make_frame` put into every part of the frame; fails where parts disagree."""
    numbers = {
        round(float(frame.depth_m[1, 1] - 1) * 1000),
        round(frame.pose.position_m[0]),
        round(frame.intrinsics.fx) - frame.rgb_size[0],
    }
    (number,) = numbers
    assert np.abs(frame.rgb.astype(int) - number % 256).max() <= 2, "RGB belongs to another frame"
    return number


class QuietSource(Source):
    """A source that yields nothing and has lost what the test sets."""

    def __init__(self) -> None:
        super().__init__("test", "native")
        self.lost: dict[str, int] = {}
        self.possibly = 0

    def __iter__(self) -> Iterator[Frame]:
        return iter(())

    def losses(self) -> dict[str, int]:
        return self.lost

    def possibly_lost(self) -> int:
        return self.possibly


def write_recording(dataset: Path, name: str, frames: list[Frame], time_utc: str | None = None) -> Path:
    """Write a closed recording of `frames` and return its folder; `time_utc` (ISO): when it began, None for now."""
    with RecordingWriter(dataset, name, source="test") as writer:
        for frame in frames:
            writer.append(encode(frame, time_utc))
    assert writer.path is not None
    return writer.path


def encoded_message(frame: Frame) -> bytes:
    """The frame as the phone sends it."""
    return frame_message(frame, JPEG_QUALITY)
