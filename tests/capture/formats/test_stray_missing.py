"""Scans of Stray Scanner that lack pictures or poses, or hide a picture: what is there stays together."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.formats.stray_reader import StrayScan
from capture.geometry.poses import LOST_POSE
from capture.jpeg import decode_jpeg
from capture.storage.encoding import EncodedFrame
from tests.support.foreign import edit, film, put, retime, scan


def filmed(folder: Path, frames: int) -> Path:
    """A scan with its film."""
    put(folder, scan(frames))
    film(folder / "rgb.mp4", frames)
    return folder


def level(frame: EncodedFrame) -> float:
    return float(decode_jpeg(frame.jpeg).mean())


def depth(frame: EncodedFrame) -> int:
    return int(cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)[1, 1])


def numbers(scanned: StrayScan) -> list[tuple[int, int]]:
    """Which picture and which depth map each frame has."""
    frames = [scanned.read_frame(i) for i in range(len(scanned))]
    return [(round(level(frame) / 20), depth(frame) - 1000) for frame in frames]


def test_a_picture_that_an_edit_list_hides_belongs_to_the_first_line(tmp_path: Path):
    """As the app's own time stamp of -1/60 s for its first picture makes it."""
    edit(filmed(tmp_path, 5) / "rgb.mp4", (67, 1))
    scanned = StrayScan(tmp_path)
    assert (numbers(scanned), scanned.remark) == ([(i, i) for i in range(5)], "")


def test_a_picture_missing_in_the_film_costs_its_own_frame(tmp_path: Path):
    retime(film(put(tmp_path, scan(8)) / "rgb.mp4", [0, 1, 2, 4, 5, 7]), [0, 1, 2, 4, 5, 7])
    scanned = StrayScan(tmp_path)
    assert numbers(scanned) == [(i, i) for i in (0, 1, 2, 4, 5, 7)]
    assert scanned.remark == "2 of 8 depth maps have no picture or no line in odometry.csv"


def test_a_picture_that_cannot_be_decoded_costs_its_own_frame(tmp_path: Path):
    """A film of independent pictures, of which one is broken."""
    path = put(tmp_path, scan(5)) / "rgb.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mjpg"), 60, (96, 72))
    for i in range(5):
        writer.write(np.full((72, 96, 3), 20 * i, np.uint8))
    writer.release()
    data = bytearray(path.read_bytes())
    starts = [match.start() for match in re.finditer(b"\xff\xd8\xff", data)]
    data[starts[2] : starts[3]] = bytes(starts[3] - starts[2])
    path.write_bytes(data)
    scanned = StrayScan(tmp_path)
    with pytest.raises(LidarliveError, match=r"rgb\.mp4: picture 2 of 5 is missing or damaged"):
        [scanned.read_frame(i) for i in range(3)]
    scanned.close()
    scanned = StrayScan(tmp_path)
    assert [round(level(scanned.read_frame(i)) / 20) for i in (0, 1, 3, 4)] == [0, 1, 3, 4]


def test_stamps_that_fit_no_line_are_named(tmp_path: Path):
    retime(filmed(tmp_path, 8) / "rgb.mp4", [0, 3, 5, 9, 11, 13, 16, 19])
    scanned = StrayScan(tmp_path)
    assert scanned.remark == "the time stamps in rgb.mp4 fit no line: paired in order"
    assert numbers(scanned) == [(i, i) for i in range(8)]


def test_a_line_without_a_pose_keeps_its_frame(tmp_path: Path):
    path = filmed(tmp_path, 3) / "odometry.csv"
    path.write_text(path.read_text().replace("000001, 0.01, 1.5, 0.0, 1.0,", "000001, 0.0, 0.0, 0.0, 0.0,"))
    scanned = StrayScan(tmp_path)
    assert [scanned.read_frame(i).pose == LOST_POSE for i in range(3)] == [False, True, False]
