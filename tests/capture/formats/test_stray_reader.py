"""Stray Scanner's folders: a video, depth maps by number, poses by line; and inconsistent ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.film.video import Video
from capture.formats.importing import import_path
from capture.formats.stray_reader import FORMAT, StrayScan
from capture.frame import Intrinsics
from capture.inspection.checksums import damage
from capture.jpeg import decode_jpeg
from capture.recording import Recording
from capture.storage.encoding import EncodedFrame
from tests.support.foreign import depth_map, film, jpeg, png, put, scan


def filmed(folder: Path, frames: int, pictures: int | None = None) -> Path:
    """A scan with its film."""
    put(folder, scan(frames))
    film(folder / "rgb.mp4", frames if pictures is None else pictures)
    return folder


def level(frame: EncodedFrame) -> float:
    return float(decode_jpeg(frame.jpeg).mean())


def depth(frame: EncodedFrame) -> int:
    return int(cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)[1, 1])


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_scan(tmp_path: Path):
    scan = StrayScan(filmed(tmp_path, 5))
    assert (len(scan), scan.remark) == (5, "")
    for i in range(5):
        frame = scan.read_frame(i)
        assert (frame.index, frame.rgb_size, frame.depth_size) == (i, (96, 72), (32, 24))
        assert level(frame) == pytest.approx(20 * i, abs=4)
        assert depth(frame) == 1000 + i
        assert frame.received_ns == pytest.approx(81_000_500_000_000 + i * 1e9 / 60, abs=1000)
        assert frame.confidence_png is not None
        assert (cv2.imdecode(np.frombuffer(frame.confidence_png, np.uint8), -1) == i % 3).all()
        assert frame.intrinsics == Intrinsics(70, 71, 47.5, 35.5)
        assert frame.pose.position_m == (i / 100, 1.5, 0)
        np.testing.assert_allclose(frame.pose.quaternion, (0, 0, 0, 1), atol=1e-12)  # OpenCV's axes turned into ours
    scan.close()


def test_import_of_a_scan(tmp_path: Path):
    source = filmed(tmp_path / "71de12f9", 4)
    assert FORMAT.matches(source)
    recording = Recording(import_path(source, tmp_path / "set", ImportOptions(), lambda *now: None).path)
    assert (recording.info.name, len(recording), recording.info.has_confidence) == ("71de12f9", 4, True)
    assert recording.fps == pytest.approx(60, rel=1e-3)
    assert list(damage(recording.path)) == []
    with pytest.raises(LidarliveError, match="71de12f9 contains its own depth scale and intrinsics"):
        import_path(source, tmp_path / "set", ImportOptions(depth_scale=5000), lambda *now: None)


def test_a_frames_own_intrinsics(tmp_path: Path):
    """Later versions write them, with columns of a distortion that are mostly empty."""
    put(tmp_path, scan(2))
    header, first, second, _ = (tmp_path / "odometry.csv").read_text().split("\n")
    header += ", fx, fy, cx, cy, distortion_center_x, distortion_center_y"
    (tmp_path / "odometry.csv").write_text(f"{header}\r\n{first}, 80, 81, 47, 35, , \r\n{second}, , , , , , ")
    film(tmp_path / "rgb.mp4", 2)
    scanned = StrayScan(tmp_path)
    assert scanned.read_frame(0).intrinsics == Intrinsics(80, 81, 47, 35)
    assert scanned.read_frame(1).intrinsics == Intrinsics(70, 71, 47.5, 35.5)


@pytest.mark.parametrize(
    ("pictures", "frames", "left", "remark"),
    [
        (6, 4, 4, "2 of 6 pictures have no depth map or no line in odometry.csv"),
        (3, 4, 3, "1 of 4 depth maps has no picture or no line in odometry.csv"),
    ],
)
def test_incomplete_frames_are_counted(pictures: int, frames: int, left: int, remark: str, tmp_path: Path):
    scanned = StrayScan(filmed(tmp_path, frames, pictures))
    assert (len(scanned), scanned.remark) == (left, remark)
    assert [depth(scanned.read_frame(i)) for i in range(left)] == [1000 + i for i in range(left)]


def test_picture_and_depth_stay_together_after_a_missing_map(tmp_path: Path):
    filmed(tmp_path, 5)
    (tmp_path / "depth" / "000002.png").unlink()
    scanned = StrayScan(tmp_path)
    assert scanned.remark == "1 of 5 pictures has no depth map or no line in odometry.csv"
    frames = [scanned.read_frame(i) for i in range(4)]
    assert [depth(frame) for frame in frames] == [1000, 1001, 1003, 1004]
    assert [level(frame) for frame in frames] == pytest.approx([0, 20, 60, 80], abs=4)


def test_numbers_that_do_not_begin_at_0(tmp_path: Path):
    """Frame numbers name depth maps; pictures of a film count from its own beginning."""
    filmed(tmp_path, 3)
    for name in ("000001", "000000"):
        rewrite(tmp_path / "odometry.csv", f" {name},", f" {int(name) + 7:06d},")
        for kind in ("depth", "confidence"):
            (tmp_path / kind / f"{name}.png").rename(tmp_path / kind / f"{int(name) + 7:06d}.png")
    scanned = StrayScan(tmp_path)
    assert [depth(scanned.read_frame(i)) for i in range(3)] == [1000, 1001, 1002]


def test_pictures_in_a_folder_and_no_confidence(tmp_path: Path):
    files = {name: data for name, data in scan(3).items() if not name.startswith("confidence")}
    pictures = {f"rgb/{i:06d}.jpg": jpeg(50 + i, (96, 72)) for i in range(3)}
    scanned = StrayScan(put(tmp_path, files | pictures))
    assert (len(scanned), scanned.remark) == (3, "")
    assert [scanned.read_frame(i).jpeg for i in range(3)] == list(pictures.values())
    assert scanned.read_frame(0).confidence_png is None


def test_no_camera_matrix(tmp_path: Path):
    filmed(tmp_path, 1)
    (tmp_path / "camera_matrix.csv").unlink()
    scanned = StrayScan(tmp_path)
    assert scanned.remark == "there is no camera_matrix.csv"
    assert scanned.read_frame(0).intrinsics.as_list() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"depth/000001.png": b"x"}, "depth/000001.png: must be a 16-bit grey PNG. Received: 1 bytes"),
        ({"depth/000001.png": png(depth_map(1, (24, 32)))}, "must have the shape of its picture, 96x72"),
        ({"confidence/000001.png": png(np.full((24, 32), 3, np.uint8))}, "confidence must be 0, 1 or 2. Received: 3"),
        ({"confidence/000001.png": None}, "confidence has no file 000001.png, but other frames have confidence"),
    ],
)
def test_a_damaged_frame(files: dict[str, bytes | None], fault: str, tmp_path: Path):
    filmed(tmp_path, 3)
    for name, data in files.items():
        if data is None:
            (tmp_path / name).unlink()
        else:
            (tmp_path / name).write_bytes(data)
    scanned = StrayScan(tmp_path)
    scanned.read_frame(0)
    with pytest.raises(LidarliveError, match=fault) as raised:
        scanned.read_frame(1)
    assert str(raised.value).startswith(str(tmp_path))
    assert level(scanned.read_frame(2)) == pytest.approx(40, abs=4)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("000001,", "one,", "line 3: frame must be a number. Received: 'one'"),
        ("000001, 0.01", "000001, nan", "line 3: x must be a number. Received: 'nan'"),
        ("000001, 0.01, 1.5", "000001, 0.01, 1e300", "line 3: y must be a number. Received: '1e300'"),
        (
            "000001, 0.01, 1.5, 0.0, 1.0",
            "000001, 0.01, 1.5, 0.0, 2.0",
            "qx, qy, qz, qw must have length 1. Received: 2",
        ),
        ("81000.51", "1.51", "line 3: timestamp must be seconds, none before 81000.5. Received: 1.51"),
        ("000001, 0.01, 1.5, 0.0, 1.0, 0.0, 0.0, 0.0", "000001, 0.01, 1.5", "line 3: z must be a number. Received: ''"),
    ],
)
def test_a_malformed_line_damages_its_frame(old: str, new: str, fault: str, tmp_path: Path):
    rewrite(filmed(tmp_path, 3) / "odometry.csv", old, new)
    scanned = StrayScan(tmp_path)
    assert len(scanned) == 3
    with pytest.raises(LidarliveError, match=fault):
        scanned.read_frame(1)
    assert level(scanned.read_frame(2)) == pytest.approx(40, abs=4)


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"odometry.csv": b""}, "odometry.csv: its first line must name timestamp, frame, x, y, z, qx, qy, qz, qw"),
        ({"odometry.csv": b"timestamp, frame, x, y, z, qx, qy, qz"}, "its first line must name qw"),
        ({"odometry.csv": scan(0)["odometry.csv"]}, "no line of odometry.csv has both a picture and a depth map"),
        ({"odometry.csv": bytes((16 << 20) + 1)}, "odometry.csv must have at most 16777216 bytes"),
        ({"odometry.csv": b"\n" * 200_001}, "odometry.csv: must have at most 200000 lines. Received: 200001"),
        ({"camera_matrix.csv": b"1 2 3"}, "camera_matrix.csv: must be 3x3 numbers. Received: '1 2 3'"),
        ({"camera_matrix.csv": b"nan,0,1,0,1,1,0,0,1"}, "camera_matrix.csv: must be 3x3 numbers"),
        ({"camera_matrix.csv": b"one,0,1,0,1,1,0,0,1"}, "camera_matrix.csv: could not convert string to float: 'one'"),
        ({"camera_matrix.csv": b"70,0,0,0,71,0,47,35,1"}, "must be fx 0 cx, 0 fy cy, 0 0 1"),
        ({"camera_matrix.csv": b"0,0,0,0,71,0,0,0,1"}, "must be fx 0 cx, 0 fy cy, 0 0 1"),
        ({"rgb.mp4": b""}, "rgb.mp4 is not an MP4 video"),
        ({"rgb.mp4": b"#EXTM3U\n#EXT-X-VERSION:3\n/etc/passwd"}, "rgb.mp4 is not an MP4 video"),
        (
            {"rgb.mp4": b"\0\0\0\x10ftypisom" + bytes(400)},
            "rgb.mp4 cannot be opened as a video. It is probably cut short",
        ),
    ],
)
def test_malformed_scans(files: dict[str, bytes], fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    put(filmed(tmp_path, 1), files)
    with pytest.raises(LidarliveError, match=fault) as raised:
        StrayScan(tmp_path)
    assert str(raised.value).startswith(str(tmp_path))
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == ""  # one line, and none of FFmpeg's own


def test_no_video_and_no_pictures(tmp_path: Path):
    with pytest.raises(LidarliveError, match=r"rgb\.mp4 does not exist"):
        StrayScan(put(tmp_path, scan(1)))


def test_a_truncated_video_is_reported(tmp_path: Path):
    """Its index of pictures is at its end, as cameras write it."""
    whole = film(tmp_path / "whole.mp4", 6, (960, 720)).read_bytes()
    at = whole.index(b"moov") - 4
    (tmp_path / "cut.mp4").write_bytes(whole[:at])
    with pytest.raises(LidarliveError, match=r"cut\.mp4 cannot be opened as a video"):
        Video(tmp_path / "cut.mp4")


def test_a_video_is_read_in_order(tmp_path: Path):
    video = Video(film(tmp_path / "a.mp4", 4))
    assert (len(video), video.size) == (4, (96, 72))
    assert video.picture(1).mean() == pytest.approx(20, abs=4)
    assert video.picture(3).mean() == pytest.approx(60, abs=4)
    with pytest.raises(ValueError, match=r"in order: picture 4 or later\. Received: 2"):
        video.picture(2)
    with pytest.raises(LidarliveError, match="picture 4 of 4 is missing or damaged"):
        video.picture(4)
    video.close()


FIELDS = st.one_of(st.floats().map(str), st.text(max_size=5), st.sampled_from(["000000", "1", "0", "81000.5", "", '"']))
LINE = st.lists(FIELDS, max_size=13).map(", ".join)


@pytest.fixture(scope="module")
def one_frame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan of one frame whose odometry.csv each example writes anew."""
    return put(tmp_path_factory.mktemp("scan"), scan(1) | {"rgb/000000.jpg": jpeg(1, (96, 72))})


@settings(deadline=None, max_examples=60)
@given(header=st.sampled_from([scan(0)["odometry.csv"].decode(), "", "x\n"]), lines=st.lists(LINE, max_size=4))
def test_any_text_gives_lines_or_a_clear_error(header: str, lines: list[str], one_frame: Path) -> None:
    put(one_frame, {"odometry.csv": (header + "\n".join(lines)).encode()})
    try:
        frame = StrayScan(one_frame).read_frame(0)
    except LidarliveError:
        return
    assert depth(frame) == 1000
    assert np.isfinite(frame.pose.as_list()).all()


number = st.floats(-100, 100).map(lambda value: round(value, 6))


@settings(deadline=None, max_examples=40)
@given(position=st.tuples(number, number, number), axis=st.integers(0, 3), time_s=st.floats(0, 1e6))
def test_a_line_survives_the_round_trip(
    position: tuple[float, float, float], axis: int, time_s: float, one_frame: Path
) -> None:
    quaternion = [float(i == axis) for i in range(4)]
    line = ", ".join(map(repr, [time_s, 0, *position, *quaternion]))
    put(one_frame, {"odometry.csv": scan(0)["odometry.csv"] + line.encode()})
    frame = StrayScan(one_frame).read_frame(0)
    assert frame.pose.position_m == position
    assert frame.received_ns == round(time_s * 1e9)
    x, y, z, w = quaternion
    assert np.abs(np.dot(frame.pose.quaternion, (w, z, -y, -x))) == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_any_bytes_give_a_video_or_a_clear_error(data: st.DataObject, film_bytes: bytes, tmp_path_factory) -> None:
    changed = bytearray(film_bytes)
    for at, value in data.draw(st.lists(st.tuples(st.integers(8, len(changed) - 1), st.integers(0, 255)), max_size=6)):
        changed[at] = value
    end = data.draw(st.one_of(st.just(len(changed)), st.integers(0, len(changed))))
    path = put(tmp_path_factory.mktemp("film"), {"a.mp4": bytes(changed[:end])}) / "a.mp4"
    try:
        video = Video(path)
        picture = video.picture(0)
    except LidarliveError:
        return
    assert (picture.dtype, picture.ndim) == (np.uint8, 3)


@pytest.fixture(scope="module")
def film_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("film") / "a.mp4", 3).read_bytes()
