"""Decode the pictures of a video in order, for apps that record a video instead of JPEG files.

The file must be an MP4 (ISO/IEC 14496-12, 4.3: its first box is `ftyp`): FFmpeg detects formats by content, not by
name, and some of them, such as playlists, refer to other files.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from capture.errors import LidarliveError
from capture.jpeg import UInt8Image
from capture.storage.layout import MAX_SIDE

_BOX = slice(4, 8)  # position of the name of the first box
# Silences FFmpeg's own messages about damaged videos; OpenCV reads this when it first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class Video:
    """A video opened for reading in order, one picture in memory. `size` is (width, height) as stored, not rotated.

    `len` is the number of pictures stated in the file, including damaged or missing ones at its end.

    Raises LidarliveError if it is no MP4, cannot be opened, or is wider or higher than MAX_SIDE.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = 0
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
        self._pictures = self._property(cv2.CAP_PROP_FRAME_COUNT)
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

        Raises LidarliveError if the video ends before it, or cannot be decoded from here on.
        """
        if i < self._next:
            raise ValueError(f"a video is read in order: picture {self._next} or later. Received: {i}")
        while self._next < i and self._capture.grab():
            self._next += 1
        whole, bgr = self._capture.read() if self._next == i else (False, None)
        if not whole:
            raise LidarliveError(f"{self._path}: picture {i} of {len(self)} is missing or damaged")
        self._next += 1
        rgb: UInt8Image = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        return rgb

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
