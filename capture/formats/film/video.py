"""Decode the pictures of a video in order, each with its own number.

The file must be an MP4 (ISO/IEC 14496-12, 4.3: its first box is `ftyp`): FFmpeg detects formats by content, not by
name, and some of them, such as playlists, refer to other files.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from capture.errors import LidarliveError
from capture.formats.film.mp4_times import FilmTimes, read_times
from capture.jpeg import UInt8Image
from capture.storage.layout import MAX_SIDE

_BOX = slice(4, 8)  # position of the name of the first box
# Silences FFmpeg's own messages about damaged videos; OpenCV reads this when it first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# OpenCV reads this at every opening of a video. An edit list hides pictures that have depth maps like the others.
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
os.environ[_OPTIONS] = "|".join(filter(None, (os.environ.get(_OPTIONS), "ignore_editlist;1")))

MAX_FAILED = 64  # pictures in succession that cannot be decoded, after which the video counts as ended


class Video:
    """A video opened for reading in order, one picture in memory. `size` is (width, height) as stored, not rotated.

    `len` is the number of pictures stated in the file, including hidden, damaged or missing ones; `times` are their own
    time stamps, None if the file has none. Pictures are numbered by these, so that one which cannot be decoded does not
    shift those after it.

    Raises LidarliveError if it is no MP4, cannot be opened, or is wider or higher than MAX_SIDE.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed = 0  # attempts to decode, in succession
        self._asked = self._last = -1  # numbers of the picture asked for last, and of the one decoded last
        if not path.exists():
            raise LidarliveError(f"{path} does not exist")
        if not _is_mp4(path):
            raise LidarliveError(f"{path} is not an MP4 video")
        before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # silences OpenCV's own messages
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        cv2.utils.logging.setLogLevel(before)
        if not self._capture.isOpened():
            raise LidarliveError(f"{path} cannot be opened as a video. It is probably cut short: copy it again")
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # the depth maps are not rotated either
        self.size = self._property(cv2.CAP_PROP_FRAME_WIDTH), self._property(cv2.CAP_PROP_FRAME_HEIGHT)
        self.times: FilmTimes | None = read_times(path)
        stated = self._property(cv2.CAP_PROP_FRAME_COUNT)
        self._pictures = stated if self.times is None else len(self.times.pictures_s)
        if not all(0 < side <= MAX_SIDE for side in self.size) or self._pictures <= 0:
            self.close()
            raise LidarliveError(
                f"{path}: must have pictures of 1 to {MAX_SIDE} pixels wide and high. Received: {self._pictures} of "
                f"{self.size[0]}x{self.size[1]}"
            )

    def __len__(self) -> int:
        return self._pictures

    def close(self) -> None:
        self._capture.release()

    def picture(self, i: int) -> UInt8Image:
        """Decode picture `i` to uint8 (H, W, 3), red first. Skips the pictures before it; `i` must ascend.

        Raises LidarliveError if this picture cannot be decoded, or the video ends before it.
        """
        if i <= self._asked:
            raise ValueError(f"a video is read in order: picture {self._asked + 1} or later. Received: {i}")
        self._asked = i
        while self._last < i and self._failed < MAX_FAILED:
            if self._capture.grab():
                self._last, self._failed = self._number(), 0
            else:
                self._failed += 1
        whole, bgr = self._capture.retrieve() if self._last == i else (False, None)
        if not whole:
            raise LidarliveError(f"{self._path}: picture {i} of {len(self)} is missing or damaged")
        rgb: UInt8Image = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        return rgb

    def _number(self) -> int:
        """Return the number of the picture grabbed just now, by its time stamp; it is after the one before."""
        if self.times is None:
            return self._last + 1
        apart_s = np.abs(self.times.pictures_s - self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        return max(self._last + 1, int(apart_s.argmin()))

    def _property(self, number: int) -> int:
        return int(self._capture.get(number))


def _is_mp4(path: Path) -> bool:
    try:
        if not path.is_file():  # opening a pipe would block
            return False
        with path.open("rb") as file:
            return file.read(_BOX.stop)[_BOX] == b"ftyp"
    except OSError as error:
        raise LidarliveError(f"{path} cannot be read ({error.strerror})") from None
