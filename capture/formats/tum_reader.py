"""Read sequences of the TUM RGB-D benchmark (Sturm et al., A Benchmark for the Evaluation of RGB-D SLAM, IROS 2012).

    <sequence>/rgb.txt  depth.txt    a line per file: time stamp, name
               groundtruth.txt       a line per pose: time stamp tx ty tz qx qy qz qw; optional
               intrinsics.txt        a line per picture, if we wrote it (capture.formats.parts.intrinsics_file)

Time stamps are seconds. Poses are camera to world in OpenCV's axes. Lines that begin with # are comments. Some programs
write something else into the first column, such as how long each frame took.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.formats.base import ImportFormat, ImportOptions
from capture.formats.parts.depth_maps import DepthReader
from capture.formats.parts.image_encoder import ImageEncoder
from capture.formats.parts.images import read_picture
from capture.formats.parts.intrinsics_file import read_intrinsics
from capture.formats.parts.opencv_poses import pose_from_opencv
from capture.frame import Intrinsics, Pose
from capture.storage.encoding import EncodedFrame
from capture.storage.layout import read_file
from capture.wording import counted, verb

UNITS_PER_METRE = 5000.0
MAX_APART_S = 0.02  # between a picture and its depth map, as in the benchmark's own tool; half a frame is 0.017
# Between neighbouring poses: the motion capture gives 100 per second, and none while it loses sight of the camera.
MAX_POSE_GAP_S = 0.1
MAX_LIST_BYTES = 16 << 20  # 100,000 poses; the longest sequence has 20,000. A short line takes 140 bytes in memory
MAX_TIME_S = 9e9  # as nanoseconds in 64 bits; the year 2255
MAX_NUMBER = 1e6  # metres; far beyond any room, and far below overflow
UNIT_WITHIN = 0.01  # tolerance of a quaternion's length; files have four digits of each number
NEIGHBOURS = 2  # candidate depth maps on either side of a picture's time
LEAST_STEP_S = 0.001  # usual time between frames below which a first column that does not rise cannot be a time
FPS = 30.0  # of lists without times; most depth cameras run at this rate
_SIZE = (640, 480)
# RGB cameras, from the benchmark's page on file formats; the third one's pictures are undistorted already.
_CAMERAS = {
    "1": Intrinsics(517.3, 516.5, 318.6, 255.3),
    "2": Intrinsics(520.9, 521.0, 325.1, 249.7),
    "3": Intrinsics(535.4, 539.2, 320.1, 247.6),
}
_CAMERA_NAME = re.compile(r"(?<![a-z])fr(?:eiburg)?([123])(?![0-9])")

Floats = NDArray[np.float64]


class _List(NamedTuple):
    """Files in the order of their list: float64 (n,) seconds, the first column, and their names."""

    times_s: Floats
    names: list[str]


class TumSequence:
    """A sequence, read frame by frame. A frame is a picture and the depth map nearest in time, each used once.

    Only names, times and poses are kept in memory. A pose is interpolated between the two of the ground truth around
    its picture; if these are too far apart it is the identity, and `remark` counts such frames. A picture without a
    depth map at its time is no frame; `remark` counts these too.

    Lists whose lines are not in the order of time are sorted. Where the first column cannot be a time at all, frames
    are the lines of both lists in their order, FPS a second, without poses. `remark` names either.

    Raises LidarliveError if a list cannot be read, no picture has a depth map, or lists without times differ in length.
    """

    def __init__(self, path: Path, units_per_metre: float | None = None, intrinsics: Intrinsics | None = None) -> None:
        self.path = path
        self._depth_reader = DepthReader(units_per_metre, UNITS_PER_METRE)
        self._encoder = ImageEncoder(self._depth_reader, intrinsics)
        camera = _CAMERA_NAME.search(path.resolve().name.lower())
        self._camera = _CAMERAS[camera[1]] if camera and intrinsics is None else None
        self._cameras = read_intrinsics(path) if intrinsics is None else {}
        self._rgb, self._depth = _read_list(path / "rgb.txt"), _read_list(path / "depth.txt")
        self._order = ""
        self._has_times = _is_time(self._rgb.times_s) and _is_time(self._depth.times_s)
        if not self._has_times:
            self._pairs = self._pair_lines()
        else:
            self._rgb, self._depth = self._sorted(self._rgb, "rgb.txt"), self._sorted(self._depth, "depth.txt")
            self._pairs = associate(self._rgb.times_s, self._depth.times_s)
        if not self._pairs:
            raise LidarliveError(f"{path}: no time stamp in rgb.txt is within {MAX_APART_S} s of one in depth.txt")
        self._poses = self._read_poses()

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def depth_scale(self) -> float:
        return self._depth_reader.units_per_metre(self.path / self._depth.names[self._pairs[0][1]])

    @property
    def remark(self) -> str:
        remarks = [self._order] if self._order else []
        pictures, lost = len(self._rgb.names), self._poses.count(None)
        if alone := pictures - len(self):
            have = verb(alone, "has", "have")
            remarks.append(f"{alone} of {counted(pictures, 'picture')} {have} no depth map within {MAX_APART_S} s")
        if 0 < lost < len(self):
            have, their = verb(lost, "has", "have"), verb(lost, "its", "their")
            remarks.append(f"{lost} of {len(self)} frames {have} no ground truth, and the identity as {their} pose")
        return "; ".join(remarks)

    def read_frame(self, i: int) -> EncodedFrame:
        """Encode frame `i`: pictures at JPEG quality 95, depth in 16-bit millimetres.

        Raises LidarliveError if a part of it is missing, damaged, or does not fit the others.
        """
        picture, depth = self._pairs[i]
        frame = self._encoder.encode(
            i,
            round(self._rgb.times_s[picture] * 1e6) * 1000,  # stamps have microseconds; a float64 holds no more
            read_picture(self.path / self._rgb.names[picture]),
            self.path / self._depth.names[depth],
            None,
            self._poses[i] or Pose(),
        )
        if own := self._cameras.get(self._rgb.names[picture]):
            return replace(frame, intrinsics=own)
        if self._camera is None:
            return frame
        return replace(frame, intrinsics=self._camera.resized(_SIZE, frame.rgb_size))

    def _pair_lines(self) -> list[tuple[int, int]]:
        """Pair the lists line by line, and count the time at FPS."""
        frames, maps = len(self._rgb.names), len(self._depth.names)
        what = "the first column of the lists does not rise and cannot be a time"
        if frames != maps:
            raise LidarliveError(
                f"{self.path}: {what}, and rgb.txt and depth.txt cannot be paired line by line. Write the time of each "
                f"frame into it. Received: {counted(frames, 'picture')} and {counted(maps, 'depth map')}"
            )
        unused = " and groundtruth.txt is not used" if (self.path / "groundtruth.txt").exists() else ""
        self._order = f"{what}: frames are in the order of the lists, {FPS:.0f} a second{unused}"
        self._rgb = self._rgb._replace(times_s=np.arange(frames) / FPS)
        return [(i, i) for i in range(frames)]

    def _sorted(self, files: _List, name: str) -> _List:
        """Return them by time."""
        if (np.diff(files.times_s) >= 0).all():
            return files
        order = np.argsort(files.times_s, kind="stable")
        self._order = f"the lines of {name} are not in the order of time and were sorted"
        return _List(files.times_s[order], [files.names[i] for i in order])

    def _read_poses(self) -> list[Pose | None]:
        path = self.path / "groundtruth.txt"
        if not path.exists() or not self._has_times:
            return [None] * len(self)
        lines = [_pose_line(path, number, words) for number, words in _lines(path)]
        truth = np.array(sorted(line for line in lines if any(line[4:])), dtype=np.float64).reshape(-1, 8)
        return [pose_at(truth, self._rgb.times_s[picture]) for picture, _ in self._pairs]


def associate(rgb_s: Floats, depth_s: Floats) -> list[tuple[int, int]]:
    """Pair up two ascending lists of times, at most MAX_APART_S apart, nearest pairs first. Returns pairs of indices.

    Each picture and each depth map is in at most one pair; pairs are in the pictures' order.
    """
    candidates = []
    for i, after in enumerate(np.searchsorted(depth_s, rgb_s).tolist()):
        for j in range(max(0, after - NEIGHBOURS), min(len(depth_s), after + NEIGHBOURS)):
            apart_s = abs(rgb_s[i] - depth_s[j])
            if apart_s <= MAX_APART_S:
                candidates.append((apart_s, i, j))
    pairs: dict[int, int] = {}
    taken = set()
    for _, i, j in sorted(candidates):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return sorted(pairs.items())


def pose_at(truth: Floats, time_s: float) -> Pose | None:
    """Interpolate our pose at a time; None if the two poses around it are more than MAX_POSE_GAP_S apart.

    truth: float64 (n, 8), time, position, quaternion (x, y, z, w), ascending. Positions and quaternions are
    interpolated linearly, and quaternions then normalised: over a gap this short that equals slerp (Shoemake, SIGGRAPH
    1985) within a hundredth of a degree, if the camera turns by less than 200 degrees per second.
    """
    after = int(np.searchsorted(truth[:, 0], time_s))
    if after == len(truth) or (after == 0 and truth[0, 0] != time_s):
        return None
    b = truth[after]
    a = b if b[0] == time_s else truth[after - 1]
    gap_s = b[0] - a[0]
    if gap_s > MAX_POSE_GAP_S:
        return None
    share = (time_s - a[0]) / gap_s if gap_s else 0.0
    end = b[4:] if a[4:] @ b[4:] >= 0 else -b[4:]  # q and -q are one rotation; the nearer of both
    quaternion = a[4:] + share * (end - a[4:])
    return pose_from_opencv(quaternion, a[1:4] + share * (b[1:4] - a[1:4]))


def _read_list(path: Path) -> _List:
    files = []
    for number, words in _lines(path):
        if len(words) != 2 or not _is_within(words[1]):
            raise LidarliveError(
                f"{path}, line {number}: must be a time stamp and a file below it. Received: {words!r:.80}"
            )
        files.append((_numbers(path, number, words[:1], 1)[0], words[1]))
    return _List(np.array([time_s for time_s, _ in files], dtype=np.float64), [name for _, name in files])


def _is_time(column: Floats) -> bool:
    """Whether a first column can be the frames' time: it rises, or would do so at a rate that a camera can have."""
    steps = np.diff(column)
    if not len(steps) or ((steps >= 0).all() and column[-1] > column[0]):
        return True
    return bool(np.median(np.diff(np.sort(column))) >= LEAST_STEP_S)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number, from 1, and the words of each line that is neither empty nor a comment."""
    try:
        text = read_file(path, MAX_LIST_BYTES).decode(errors="replace")
    except ValueError as error:
        raise LidarliveError(f"{path} {error}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.split()


def _numbers(path: Path, line: int, words: list[str], count: int) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    time_s, *others = numbers or [math.nan]
    if len(numbers) != count or not 0 <= time_s < MAX_TIME_S or not all(abs(n) < MAX_NUMBER for n in others):
        wanted = "seconds, a number" if count == 1 else f"{count} numbers, seconds first"
        raise LidarliveError(f"{path}, line {line}: must be {wanted}. Received: {words!r:.80}")
    return numbers


def _pose_line(path: Path, line: int, words: list[str]) -> list[float]:
    numbers = _numbers(path, line, words, 8)
    length = math.hypot(*numbers[4:])
    if length and abs(length - 1) > UNIT_WITHIN:  # 0: tracking was lost
        raise LidarliveError(f"{path}, line {line}: a pose's quaternion must have length 1. Received: {length:.3g}")
    return numbers


def _is_within(name: str) -> bool:
    """Whether a file name of a list stays within its folder, on whichever system it was written."""
    return not any(
        path.drive or path.root or ".." in path.parts for path in (PurePosixPath(name), PureWindowsPath(name))
    )


def _matches(path: Path) -> bool:
    return (path / "rgb.txt").is_file() and (path / "depth.txt").is_file()


def _open(path: Path, options: ImportOptions) -> nullcontext[TumSequence]:
    return nullcontext(TumSequence(path, options.depth_scale, options.intrinsics))


FORMAT = ImportFormat(
    name="tum",
    title="TUM RGB-D sequences",
    reads="`rgb.txt` and `depth.txt`, 5000 units per metre; optional `groundtruth.txt` and the `intrinsics.txt` that "
    "`export` writes",
    matches=_matches,
    open=_open,
)
