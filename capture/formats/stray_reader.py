"""Read folders of Stray Scanner, an app for iPhones with LiDAR.

    <scan>/rgb.mp4                its picture n belongs to line n of odometry.csv (capture.formats.film.pairing, where
                                  some are missing); or rgb/000000.jpg (or .png)
           depth/000000.png       16-bit grey, millimetres, by the line's frame number
           confidence/000000.png  8-bit grey, 0, 1 or 2; missing in some scans
           odometry.csv           timestamp, frame, x, y, z, qx, qy, qz, qw, and in later versions fx, fy, cx, cy
           camera_matrix.csv      3x3 in pixels of the picture, row by row

Documented by its authors: github.com/strayrobots/scanner, docs/format.md and issues 11 (poses are camera to world in
OpenCV's axes) and 17 (a frame's own intrinsics); github.com/kekeblom/StrayVisualizer, issue 14 (seconds since the phone
was switched on: the camera's clock). Early versions of the app wrote depth as .npy; those scans cannot be read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from capture.errors import LidarliveError
from capture.formats.base import ImportFormat, ImportOptions
from capture.formats.film.pairing import pictures_by_line
from capture.formats.film.video import Video
from capture.formats.parts.depth_maps import DepthReader
from capture.formats.parts.image_encoder import ImageEncoder
from capture.formats.parts.images import UNKNOWN_INTRINSICS, read_levels, read_picture
from capture.formats.parts.opencv_poses import pose_from_opencv
from capture.frame import Intrinsics, Pose
from capture.geometry.poses import LOST_POSE
from capture.jpeg import Jpeg, UInt8Image
from capture.storage.encoding import EncodedFrame, encode_jpeg
from capture.storage.layout import read_file
from capture.wording import counted, verb

COLUMNS = ("timestamp", "frame", "x", "y", "z", "qx", "qy", "qz", "qw")
OWN_INTRINSICS = ("fx", "fy", "cx", "cy")
UNITS_PER_METRE = 1000.0
MAX_CSV_BYTES = 16 << 20  # 100,000 lines, half an hour at 60 a second; a line takes 200 bytes in memory
MAX_LINES = 200_000
MAX_MATRIX_BYTES = 4096  # enough for nine numbers of any precision
MAX_TIME_S = 9e9  # as nanoseconds in 64 bits
MAX_NUMBER = 1e6  # metres, pixels; far beyond any, and far below overflow
UNIT_WITHIN = 0.01  # tolerance of a quaternion's length
SKEW_WITHIN = 1e-3  # pixels; tolerance of the zeros of a camera matrix
_FRAME_NUMBER = re.compile(r"[0-9]{1,9}")


class _Line(NamedTuple):
    """A line of odometry.csv, for one picture; `intrinsics` None if the line has none."""

    time_s: float
    frame: int
    pose: Pose
    intrinsics: Intrinsics | None


class StrayScan:
    """A scan, read frame by frame and in order. A frame is a line of odometry.csv with its picture and its depth map.

    `remark` counts pictures without a depth map, and the reverse. A line that cannot be read is a damaged frame.

    Raises LidarliveError, naming the file, if odometry.csv is malformed, there are no pictures, or no frames.
    """

    depth_scale = None  # the app always writes millimetres

    def __init__(self, path: Path) -> None:
        self.path = path
        self._encoder = ImageEncoder(DepthReader(None, UNITS_PER_METRE), None)
        self._lines = list(_read_odometry(path / "odometry.csv"))
        self._camera = _read_camera(path / "camera_matrix.csv")
        self._depth, self._confidence = (_by_number(path / kind, (".png",)) for kind in ("depth", "confidence"))
        self._files = _by_number(path / "rgb", (".jpg", ".jpeg", ".png"))
        self._video = None if self._files and not (path / "rgb.mp4").exists() else Video(path / "rgb.mp4")
        self._paired = self._pair_film()
        self._frames = [n for n in range(len(self._lines)) if self._is_frame(n)]
        if not self._frames:
            self.close()
            raise LidarliveError(
                f"{path}: no line of odometry.csv has both a picture and a depth map in depth/. Received: "
                f"{counted(len(self._lines), 'line')}, {counted(self._pictures, 'picture')}, "
                f"{counted(len(self._depth), 'PNG file')}"
            )

    def close(self) -> None:
        if self._video is not None:
            self._video.close()

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def remark(self) -> str:
        remarks = [] if self._paired is not None else ["the time stamps in rgb.mp4 fit no line: paired in order"]
        for kind, found, other in (
            ("picture", self._pictures, "depth map"),
            ("depth map", len(self._depth), "picture"),
        ):
            if alone := max(0, found - len(self)):
                have = verb(alone, "has", "have")
                remarks.append(f"{alone} of {counted(found, kind)} {have} no {other} or no line in odometry.csv")
        if self._camera is None:
            remarks.append("there is no camera_matrix.csv")
        return "; ".join(remarks)

    def read_frame(self, i: int) -> EncodedFrame:
        """Encode frame `i`: pictures of a video at JPEG quality 95, JPEG files unchanged.

        Raises LidarliveError if a part of it is missing, damaged, or does not fit the others.
        """
        n = self._frames[i]
        line = self._lines[n]
        if isinstance(line, str):
            raise LidarliveError(line)
        frame = self._encoder.encode(
            i,
            round(line.time_s * 1e9),
            self._picture(n, line.frame),
            self.path / "depth" / self._depth[line.frame],
            self._levels(line.frame) if self._confidence else None,
            line.pose,
        )
        intrinsics = line.intrinsics or self._camera or UNKNOWN_INTRINSICS
        return replace(frame, intrinsics=intrinsics, camera_time_s=line.time_s)

    @property
    def _pictures(self) -> int:
        return len(self._files if self._video is None else self._video)

    def _is_frame(self, n: int) -> bool:
        line = self._lines[n]
        if self._video is None:
            return isinstance(line, str) or (line.frame in self._depth and line.frame in self._files)
        return self._number(n) is not None and (isinstance(line, str) or line.frame in self._depth)

    def _pair_film(self) -> dict[int, int] | None:
        """Return the film's picture for each line; None to pair them in order."""
        if self._video is None or self._video.times is None:
            return {n: n for n in range(self._pictures)}
        times_s = [math.nan if isinstance(line, str) else line.time_s for line in self._lines]
        return pictures_by_line(self._video.times, np.array(times_s))

    def _number(self, n: int) -> int | None:
        """Return the number of the film's picture for line `n`; None if there is none."""
        if self._paired is not None:
            return self._paired.get(n)
        return n if n < self._pictures else None

    def _picture(self, n: int, number: int) -> Jpeg:
        if self._video is None:
            return read_picture(self.path / "rgb" / self._files[number])
        picture = self._number(n)
        assert picture is not None  # `_is_frame` requires one
        return Jpeg.checked(encode_jpeg(self._video.picture(picture)))

    def _levels(self, number: int) -> UInt8Image:
        folder = self.path / "confidence"
        if number not in self._confidence:
            raise LidarliveError(f"{folder} has no file {number:06d}.png, but other frames have confidence")
        levels = read_levels(folder / self._confidence[number])
        if levels.max() > 2:
            raise LidarliveError(
                f"{folder / self._confidence[number]}: confidence must be 0, 1 or 2. Received: {levels.max()}"
            )
        return levels


def _read_odometry(path: Path) -> Iterator[_Line | str]:
    """Yield each line, or its fault."""
    try:
        text = read_file(path, MAX_CSV_BYTES).decode(errors="replace")
    except ValueError as error:
        raise LidarliveError(f"{path} {error}") from None
    if text.count("\n") > MAX_LINES:
        raise LidarliveError(f"{path}: must have at most {MAX_LINES} lines. Received: {text.count(chr(10))}")
    first, *others = text.split("\n")
    names = [name.strip().lower() for name in first.split(",")]
    if missing := [name for name in COLUMNS if name not in names]:
        raise LidarliveError(f"{path}: its first line must name {', '.join(missing)}. Received: {first!r:.80}")
    before_s = 0.0
    for number, line in enumerate(others, start=2):
        if line.strip():
            try:
                parsed = _line(dict(zip(names, map(str.strip, line.split(",")), strict=False)), before_s)
            except ValueError as error:
                yield f"{path}, line {number}: {error}"
            else:
                before_s = parsed.time_s
                yield parsed


def _line(fields: dict[str, str], before_s: float) -> _Line:
    """Parse a line. Raises ValueError with its fault."""
    time_s, *place = _numbers(fields, ("timestamp", *COLUMNS[2:]))
    if not before_s <= time_s < MAX_TIME_S:
        raise ValueError(f"timestamp must be seconds, none before {before_s}. Received: {time_s}")
    if not _FRAME_NUMBER.fullmatch(fields["frame"]):
        raise ValueError(f"frame must be a number. Received: {fields['frame']!r:.40}")
    is_lost = not any(place[3:])
    if not is_lost and abs(math.hypot(*place[3:]) - 1) > UNIT_WITHIN:
        raise ValueError(f"qx, qy, qz, qw must have length 1. Received: {math.hypot(*place[3:]):.3g}")
    own = _numbers(fields, OWN_INTRINSICS) if all(map(fields.get, OWN_INTRINSICS)) else None
    if own is not None and min(own[:2]) <= 0:
        raise ValueError(f"fx and fy must be more than 0 pixels. Received: {own[0]:g}, {own[1]:g}")
    pose = LOST_POSE if is_lost else pose_from_opencv(np.array(place[3:]), np.array(place[:3]))
    return _Line(time_s, int(fields["frame"]), pose, None if own is None else Intrinsics(*own))


def _numbers(fields: dict[str, str], names: tuple[str, ...]) -> list[float]:
    numbers = []
    for name in names:
        try:
            number = float(fields.get(name, ""))
        except ValueError:
            number = math.nan
        if not abs(number) < (MAX_TIME_S if name == "timestamp" else MAX_NUMBER):
            raise ValueError(f"{name} must be a number. Received: {fields.get(name, '')!r:.40}")
        numbers.append(number)
    return numbers


def _read_camera(path: Path) -> Intrinsics | None:
    """Read camera_matrix.csv; None if there is no such file."""
    if not path.exists():
        return None
    try:
        words = read_file(path, MAX_MATRIX_BYTES).decode(errors="replace").replace(",", " ").split()
        numbers = [float(word) for word in words]
        if len(numbers) != 9 or not all(abs(number) < MAX_NUMBER for number in numbers):
            raise ValueError(f"must be 3x3 numbers. Received: {' '.join(words)!r:.80}")
        fx, skew, cx, zero, fy, cy, *last = numbers
        if min(fx, fy) <= 0 or max(abs(skew), abs(zero)) > SKEW_WITHIN or last != [0, 0, 1]:
            raise ValueError(f"must be fx 0 cx, 0 fy cy, 0 0 1. Received: {' '.join(words)!r:.80}")
    except ValueError as error:
        raise LidarliveError(f"{path}: {error}") from None
    return Intrinsics(fx, fy, cx, cy)


def _by_number(folder: Path, suffixes: tuple[str, ...]) -> dict[int, str]:
    """Return file names by frame number; names that are no number, and other types, are ignored."""
    if not folder.is_dir():
        return {}
    return {
        int(child.stem): child.name
        for child in folder.iterdir()
        if child.suffix.lower() in suffixes and _FRAME_NUMBER.fullmatch(child.stem)
    }


def _matches(path: Path) -> bool:
    return (path / "odometry.csv").is_file() and any(
        (path / name).is_file() for name in ("rgb.mp4", "camera_matrix.csv")
    )


def _open(path: Path, _: ImportOptions) -> closing[StrayScan]:
    return closing(StrayScan(path))


FORMAT = ImportFormat(
    name="stray",
    title="Stray Scanner scans",
    reads="the folder as the app writes it: `rgb.mp4` (by its own time stamps) or `rgb/`, `depth/`, `confidence/`, "
    "`odometry.csv`, `camera_matrix.csv`",
    matches=_matches,
    open=_open,
    has_own_scale=True,
)
