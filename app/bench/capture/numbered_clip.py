"""The clip of the benchmark: 256 frames of the demo room, each with its own number in every part.

The numbers show whether picture and depth map belong to the same moment. A number is at the top and at the bottom of
each part, because a part that was cut short may show the previous frame in its lower half.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import DepthMap, Frame
from capture.jpeg import UInt8Image
from capture.paths import CACHE_VARIABLE, cache_folder
from capture.protocol.parser import DamagedMessage, StreamParser, decode_frame
from capture.recording import Recording
from capture.storage.encoding import to_millimetres
from capture.storage.layout import FrameLine
from capture.virtual_phone.clips import DEMO_JPEG_QUALITY, frame_message, open_clip
from capture.virtual_phone.wire_file import message_spans

VERSION = 1  # of the appearance of the frames: a cached clip of another version is not used
CLIP_FRAMES = 256  # as many as eight bits distinguish
BITS = 8
STRIP = 32  # the number takes 1/32 of the height at either end: 4 rows of a picture decoded at 1/8
DEPTH_BASE_MM = 1000  # the depth is this plus the number
CONFIDENCE_OF_BIT = (0, 2)
LEVEL_OF_BIT = (0, 255)

Image = NDArray[Any]
Report = Callable[[float], None]  # called with the prepared share, 0 to 1


@dataclass(frozen=True)
class Numbers:
    """The number read from each part of a frame; None if it cannot be read, or top and bottom disagree.

    For a frame without confidence, `confidence` is the number of the pose.
    """

    rgb: int | None
    depth: int | None
    confidence: int | None
    pose: int | None

    @property
    def agree(self) -> bool:
        return self.pose is not None and self.rgb == self.depth == self.confidence == self.pose


def prepared_clip(rgb_size: tuple[int, int], report: Report = lambda prepared: None) -> Path:
    """Return the .wire file of the clip with pictures of this size (width, height), rendered into the cache once.

    Raises LidarliveError if it cannot be written there.
    """
    path = clip_path(rgb_size)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if not _is_whole(path):
                demo = open_clip("demo", report)
                with part.open("wb") as file:
                    for number in range(CLIP_FRAMES):
                        frame = _resized(_frame(demo.message(number)), rgb_size)
                        file.write(frame_message(numbered(frame, number), DEMO_JPEG_QUALITY))
                        report((number + 1) / CLIP_FRAMES)
                os.replace(part, path)
    except OSError as error:
        raise LidarliveError(
            f"the benchmark's clip cannot be written to {path.parent}: {error.strerror}. "
            f"Set {CACHE_VARIABLE} to another folder"
        ) from error
    return path


def clip_path(rgb_size: tuple[int, int]) -> Path:
    return cache_folder() / f"bench-{VERSION}-{rgb_size[0]}x{rgb_size[1]}.wire"


def numbered(frame: Frame, number: int) -> Frame:
    """Write `number` (0 to 255) into the picture, depth, confidence and pose of a copy of `frame`."""
    if not 0 <= number < CLIP_FRAMES:
        raise ValueError(f"a frame's number must be 0 to {CLIP_FRAMES - 1}. Received: {number}")
    rgb, depth_m = frame.rgb.copy(), frame.depth_m.copy()
    confidence = None if frame.confidence is None else frame.confidence.copy()
    _write_bits(rgb, number, LEVEL_OF_BIT)
    for strip in _strips(depth_m):
        strip[:] = np.float32((DEPTH_BASE_MM + number) / 1000)
    if confidence is not None:
        _write_bits(confidence, number, CONFIDENCE_OF_BIT)
    position_m = (float(number), *frame.pose.position_m[1:])
    pose = replace(frame.pose, position_m=position_m)
    return replace(frame, index=number, image=rgb, depth_m=depth_m, confidence=confidence, pose=pose)


def frame_number(frame: Frame) -> int:
    """Read the number from the pose, which is fast; the other parts are compared with it once they are on disk."""
    return round(frame.pose.position_m[0])


def recorded_numbers(recording: Recording, line: FrameLine) -> Numbers:
    """Read the numbers from the three files of a recorded frame and from its line."""
    x_m = line.pose.position_m[0]
    pose = int(x_m) if x_m == int(x_m) and 0 <= x_m < CLIP_FRAMES else None

    def read_confidence() -> int | None:
        confidence = recording.confidence(line)
        return pose if confidence is None else _read_bits(confidence, CONFIDENCE_OF_BIT)

    return Numbers(
        rgb=_if_whole(lambda: _read_bits(recording.rgb(line, reduced=8).mean(axis=2), LEVEL_OF_BIT)),
        depth=_if_whole(lambda: _read_depth(recording.depth_m(line))),
        confidence=_if_whole(read_confidence),
        pose=pose,
    )


def _if_whole(read: Callable[[], int | None]) -> int | None:
    """Return None if the file is missing or no intact image."""
    try:
        return read()
    except LidarliveError:
        return None


def _strips(image: Image) -> tuple[Image, Image]:
    """Return the rows at the top and at the bottom that hold the number."""
    height = max(1, image.shape[0] // STRIP)
    return image[:height], image[-height:]


def _write_bits(image: UInt8Image, number: int, value_of_bit: tuple[int, int]) -> None:
    for strip in _strips(image):
        for bit, block in enumerate(np.array_split(strip, BITS, axis=1)):
            block[:] = value_of_bit[number >> bit & 1]


def _read_bits(image: Image, value_of_bit: tuple[int, int]) -> int | None:
    """Read the number from the strips of (h, w); None if a block is neither black nor white."""
    low, high = value_of_bit
    numbers = set()
    for strip in _strips(image):
        levels = [(block.mean() - low) / (high - low) for block in map(_middle, np.array_split(strip, BITS, axis=1))]
        if any(0.25 < level < 0.75 for level in levels):
            return None
        numbers.add(sum((level > 0.5) << bit for bit, level in enumerate(levels)))
    return numbers.pop() if len(numbers) == 1 else None


def _middle(block: Image) -> Image:
    """Crop the edges, which a JPEG blurs and a reduced decoding mixes with the neighbours."""
    rows, columns = block.shape[0] // 4, block.shape[1] // 4
    return block[rows : block.shape[0] - rows, columns : block.shape[1] - columns]


def _read_depth(depth_m: DepthMap) -> int | None:
    values = np.unique(np.concatenate([to_millimetres(strip).ravel() for strip in _strips(depth_m)]))
    number = int(values[0]) - DEPTH_BASE_MM
    return number if len(values) == 1 and 0 <= number < CLIP_FRAMES else None


def _frame(message: bytes) -> Frame:
    (wire,) = StreamParser().feed(message)
    if isinstance(wire, DamagedMessage):
        raise LidarliveError(f"the demo room's clip is damaged ({wire.reason}): delete it from {cache_folder()}")
    return decode_frame(wire, 0, 0)


def _resized(frame: Frame, rgb_size: tuple[int, int]) -> Frame:
    if frame.rgb_size == rgb_size:
        return frame
    rgb: UInt8Image = cv2.resize(frame.rgb, rgb_size, interpolation=cv2.INTER_CUBIC)
    return replace(frame, image=rgb, intrinsics=frame.intrinsics.resized(frame.rgb_size, rgb_size))


def _is_whole(path: Path) -> bool:
    try:
        return len(message_spans(path)) == CLIP_FRAMES
    except LidarliveError:
        return False
