"""A film's pictures, decoded one after the other: what an app that films keeps instead of JPEG files.

The file must be an MP4 (ISO/IEC 14496-12, 4.3: its first box is `ftyp`): FFmpeg looks at what is in a file, not at its
name, and some of what it knows, such as playlists, names other files.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from capture.errors import LidarliveError
from capture.frame import UInt8Image
from capture.storage.layout import MAX_SIDE

_BOX = slice(4, 8)  # of the name of the first box
# FFmpeg would write its own lines about a damaged film beside our one; read by OpenCV when it first opens one.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class Video:
    """A film opened for reading in order, one picture in memory. `size` is (width, height), as filmed: not turned.

    `len` is what the file says of itself; those that are damaged or missing at its end are among them.

    Raises LidarliveError where it is no MP4, cannot be opened, or is wider or higher than MAX_SIDE.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = 0
        if not path.exists():
            raise LidarliveError(f"{path} does not exist")
        if not _is_mp4(path):
            raise LidarliveError(f"{path} is not an MP4 film")
        before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # nor lines of OpenCV's own
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        cv2.utils.logging.setLogLevel(before)
        if not self._capture.isOpened():
            raise LidarliveError(f"{path} cannot be opened as a film. It is probably cut short: copy it again")
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # depth maps are as filmed
        self.size = self._says(cv2.CAP_PROP_FRAME_WIDTH), self._says(cv2.CAP_PROP_FRAME_HEIGHT)
        self._pictures = self._says(cv2.CAP_PROP_FRAME_COUNT)
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
        """uint8 (H, W, 3), red first. Those before it that were not asked for are passed over; there is no way back.

        Raises LidarliveError where the film ends before it, or cannot be decoded from here on.
        """
        if i < self._next:
            raise ValueError(f"a film is read in order: picture {self._next} or later. Received: {i}")
        while self._next < i and self._capture.grab():
            self._next += 1
        whole, bgr = self._capture.read() if self._next == i else (False, None)
        if not whole:
            raise LidarliveError(f"{self._path}: picture {i} of {len(self)} is missing or damaged")
        self._next += 1
        rgb: UInt8Image = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        return rgb

    def _says(self, what: int) -> int:
        return int(self._capture.get(what))


def _is_mp4(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as file:
            return file.read(_BOX.stop)[_BOX] == b"ftyp"
    except OSError as error:
        raise LidarliveError(f"{path} cannot be read ({error.strerror})") from None
