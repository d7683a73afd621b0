"""Small frames and recordings that tests are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from capture.frame import Camera, Frame, Intrinsics, Pose
from capture.sources.base import Source
from capture.storage.encoding import JPEG_QUALITY, encode
from capture.storage.layout import INFO_NAME, LOG_NAME
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


BOOTED_S, UNIX_S = 65_575.5, 1_700_000_000.0
CAPTURED_S = 1 / 60
LATE_NS = (4_000_000, 0, 11_000_000, 2_000_000, 7_000_000)  # by which USB delays one frame after the other


def timed(frame: Frame) -> Frame:
    """The frame as captured exactly `index` sixtieths of a second after the first, received early or late."""
    i = frame.index
    return replace(
        frame,
        received_ns=round(i * CAPTURED_S * 1e9) + LATE_NS[i % len(LATE_NS)],
        camera_time_s=BOOTED_S + i * CAPTURED_S,
        phone_time_unix_s=UNIX_S + i * CAPTURED_S + LATE_NS[i % len(LATE_NS)] / 2e9,
    )


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


def as_version_1(path: Path) -> Path:
    """Make a recording what version 0.2 of lidarlive wrote: without the times that the phone sends."""
    lines = [json.loads(line) for line in (path / LOG_NAME).read_text().splitlines()]
    for line in lines:
        del line["camera_time_s"], line["phone_time_unix_s"]
    (path / LOG_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "schema_version": 1}, indent=2) + "\n")
    return path


def encoded_message(frame: Frame) -> bytes:
    """The frame as the phone sends it."""
    return frame_message(frame, JPEG_QUALITY)
