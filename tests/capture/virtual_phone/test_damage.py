"""The effect of each damage on a message that the stand-in phone sends."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import cv2
import lzfse
import numpy as np
import pytest

from capture.jpeg import jpeg_size
from capture.protocol.capture_time import CaptureTime, encode_misc
from capture.protocol.lzfse import inflate
from capture.protocol.wire import PEERTALK_HEADER, FrameHeader, consistent_header, with_misc
from capture.virtual_phone.faults import DAMAGE, REPEATED
from capture.virtual_phone.wire_file import message_spans
from tests.support.phones import Sent, connect, phone, read, watch

pytestmark = pytest.mark.phone

DATED = encode_misc(CaptureTime(0.0, 0.0))
BLOCK = np.zeros((256, 192), bool)
BLOCK[:48, :48] = True


@pytest.fixture(scope="module")
def damaged(wire_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sent]:
    """One message with each fault that leaves a stream of messages; the last ones are whole."""
    kinds = [kind for kind in (*DAMAGE, REPEATED) if kind != "body-4gib"]
    log = tmp_path_factory.mktemp("damaged") / "log"
    watched = watch(wire_file, log, [f"{kind}@{i + 1}" for i, kind in enumerate(kinds)], len(kinds) + 4)
    assert set(watched) == {*kinds, ""}
    assert all(sent.message == sent.whole for sent in watched.pop(""))
    assert all(len(sent) == 1 for sent in watched.values()), "each happens once"
    return {kind: sent for kind, (sent,) in watched.items()}


class TestOneMessage:
    def test_a_jpeg_that_nobody_can_read(self, damaged: dict[str, Sent]) -> None:
        sent = damaged["jpeg-corrupt"]
        (header, jpeg, *depth), (whole_header, whole_jpeg, *whole_depth) = map(sent.parts, sent[:2])
        assert (header, depth) == (whole_header, whole_depth)
        assert jpeg[:2] + jpeg[-2:] == b"\xff\xd8\xff\xd9"
        with pytest.raises(ValueError, match="no JPEG marker"):
            jpeg_size(jpeg)
        scan = whole_jpeg.index(b"\xff\xda")
        assert jpeg[scan:] == whole_jpeg[scan:]

    def test_a_jpeg_with_a_broken_scan(self, damaged: dict[str, Sent]) -> None:
        sent = damaged["jpeg-scan"]
        (header, jpeg, *depth), (whole_header, whole_jpeg, *whole_depth) = map(sent.parts, sent[:2])
        assert (header, depth) == (whole_header, whole_depth)
        assert jpeg_size(jpeg) == (240, 320), "nothing outside of the scan tells"
        before, after = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (whole_jpeg, jpeg))
        assert (before[:100] == after[:100]).all()
        assert (before[-80:] != after[-80:]).mean() > 0.9

    def test_a_jpeg_of_another_size(self, damaged: dict[str, Sent]) -> None:
        sent = damaged["jpeg-size"]
        (header, *rest), (whole_header, *whole_rest) = map(sent.parts, sent[:2])
        assert header == whole_header._replace(rgb_width=480, rgb_height=640)
        assert rest == whole_rest
        assert jpeg_size(rest[0]) == (240, 320)

    def test_rgb_past_the_body(self, damaged: dict[str, Sent]) -> None:
        sent = damaged["rgb-past-body"]
        assert FrameHeader.parse(sent.message[16:]) == consistent_header(sent.whole)._replace(rgb_bytes=1 << 30)
        assert (sent.message[:16], sent.message[104:]) == (sent.whole[:16], sent.whole[104:])

    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("depth-truncated", "cut short"),
            ("depth-flipped", "corrupt"),
            ("depth-size", "must decompress to 196608 bytes. Received: 98304"),
        ],
    )
    def test_depth_that_does_not_inflate(self, damaged: dict[str, Sent], kind: str, error: str) -> None:
        sent = damaged[kind]
        (header, jpeg, depth, confidence), whole = map(sent.parts, sent[:2])
        assert header == whole[0]._replace(depth_bytes=len(depth))
        assert (jpeg, confidence) == (whole[1], whole[3])
        if kind == "depth-truncated":
            assert depth == whole[2][: len(whole[2]) * 4 // 5]
        with pytest.raises(ValueError, match=error):
            inflate(depth, 4 * 192 * 256)

    def test_depth_of_the_frame_before(self, damaged: dict[str, Sent]) -> None:
        sent = damaged[REPEATED]
        (header, jpeg, *stale), whole, before = map(sent.parts, sent)
        assert tuple(stale) == before[2:] != whole[2:]
        assert jpeg == whole[1]
        assert header[11:] == whole[0][11:]

    @pytest.mark.parametrize(
        ("kind", "value"), [("depth-nan", math.nan), ("depth-negative", -1.0), ("depth-infinite", math.inf)]
    )
    def test_depth_that_is_none(self, damaged: dict[str, Sent], kind: str, value: float) -> None:
        sent = damaged[kind]
        depth, whole = (
            np.frombuffer(lzfse.decompress(sent.parts(message)[2]), "<f4").reshape(256, 192) for message in sent[:2]
        )
        np.testing.assert_array_equal(depth[BLOCK], np.float32(value))
        np.testing.assert_array_equal(depth[~BLOCK], whole[~BLOCK])
        assert sent.parts(sent.message)[1::2] == sent.parts(sent.whole)[1::2]

    @pytest.mark.parametrize("size", [0, 20])
    def test_a_body_too_short_for_a_frame(self, damaged: dict[str, Sent], size: int) -> None:
        sent = damaged[f"body-{size}"]
        assert sent.message == struct.pack(">4I", 1, 101, 0, size) + sent.whole[16 : 16 + size]

    @pytest.mark.parametrize(
        ("kind", "misc"),
        [
            ("misc-none", b""),
            ("misc-broken", DATED[: len(DATED) // 2]),
            ("misc-nan", DATED.replace(b"0.0", b"NaN")),
            ("misc-back", DATED),
            ("misc-1mb", DATED.ljust(1 << 20)),
        ],
    )
    def test_another_time_of_capture(self, damaged: dict[str, Sent], kind: str, misc: bytes) -> None:
        """Of a clip without times; with times, they are those of the clip."""
        sent = damaged[kind]
        assert consistent_header(sent.message).misc_bytes == len(misc)
        assert sent.message == with_misc(sent.whole, misc)

    def test_a_body_of_4_gib(self, wire_file: Path) -> None:
        (_, first), (offset, size) = message_spans(wire_file)[:2]
        with phone(wire_file, fps=20, faults=["body-4gib@1"]) as process:
            connection, _ = connect(process.address)
            with connection:
                received = read(connection, first + size)
        assert PEERTALK_HEADER.unpack(received[first : first + 16]) == (1, 101, 0, 0xFFFFFFFF)
        assert received[first + 16 :] == wire_file.read_bytes()[offset + 16 : offset + size]


class TestTheApp:
    def test_another_sensor(self, wire_file: Path, tmp_path: Path) -> None:
        watched = watch(wire_file, tmp_path / "log", ["truedepth@2"], frames=6)
        sent = watched["truedepth"][0]
        (header, jpeg, depth, confidence), whole = map(sent.parts, sent[:2])
        assert header[:6] == (240, 320, 480, 640, 0, 0)
        assert (header.device_type, header.confidence_bytes, confidence) == (0, 0, b"")
        assert header[11:] == (*whole[0][11:15], 0, 0, 0, 1, 0, 0, 0)
        assert jpeg == whole[1]
        own = np.frombuffer(lzfse.decompress(whole[2]), "<f4").reshape(256, 192)
        map_m = np.frombuffer(inflate(depth, 4 * 480 * 640), "<f4").reshape(640, 480)
        assert map_m[5, 5] == own[2, 2]
        assert np.isnan(map_m).mean() == pytest.approx(np.isnan(own).mean(), rel=0.1)
        assert [consistent_header(sent.message).device_type for sent in watched[""]] == [1, 1, 0, 0, 0]

    def test_a_turn_and_back(self, wire_file: Path, tmp_path: Path) -> None:
        """Turned clockwise; a point keeps its place in the world: x of the new camera is y of the old one."""
        log = tmp_path / "log"
        watched = watch(wire_file, log, ["landscape@2:0.3"], frames=30)
        sent = watched["landscape"][0]
        (header, jpeg, depth, confidence), whole = map(sent.parts, sent[:2])
        assert header[:6] == (320, 240, 256, 192, 256, 192)
        assert jpeg_size(jpeg) == (320, 240)
        for data, own, kind in ((depth, whole[2], "<f4"), (confidence, whole[3], "u1")):
            turned = np.frombuffer(lzfse.decompress(data), kind).reshape(192, 256)
            upright = np.frombuffer(lzfse.decompress(own), kind).reshape(256, 192)
            np.testing.assert_array_equal(turned, np.rot90(upright, -1))
        k = whole[0]
        assert header[11:15] == pytest.approx((k.fy, k.fx, 320 - k.cy, k.cx))
        x_axis = rotated(header, (1, 0, 0))
        np.testing.assert_allclose(x_axis, rotated(k, (0, 1, 0)), atol=1e-6)
        assert header[19:] == k[19:]
        widths = [consistent_header(sent.message).rgb_width for sent in watched[""]]
        assert widths == sorted(widths[:2]) + sorted(widths[2:], reverse=True), "it turns, and turns back, once"
        assert (widths[:2], widths[-1]) == ([240, 240], 240)


def rotated(header: FrameHeader, vector: tuple[float, float, float]) -> np.ndarray:
    """`vector` of the camera in the world's axes; the quaternion may be of any length."""
    q = np.array(header[15:18])
    v = np.array(vector)
    length = q @ q + header.qw**2
    return v + 2 / length * (header.qw * np.cross(q, v) + np.cross(q, np.cross(q, v)))


class TestAnotherApp:
    """From a frame on, every message is another."""

    def changed(self, wire_file: Path, log: Path, kind: str) -> list[Sent]:
        watched = watch(wire_file, log, [f"{kind}@2"], frames=6)
        return [*watched[kind], *watched[""][2:]]

    def test_pictures_that_are_too_large(self, wire_file: Path, tmp_path: Path) -> None:
        for sent in self.changed(wire_file, tmp_path / "log", "too-large"):
            (header, *parts), (_, *whole_parts) = map(sent.parts, sent[:2])
            assert (header.rgb_size, parts) == ((5712, 4284), whole_parts)

    def test_an_old_app(self, wire_file: Path, tmp_path: Path) -> None:
        """Seven numbers, eleven floats, JPEG and depth; as the package record3d 1.3.1 reads it."""
        for sent in self.changed(wire_file, tmp_path / "log", "old-app"):
            header, jpeg, depth, _ = sent.parts(sent.whole)
            body = sent.message[PEERTALK_HEADER.size :]
            assert struct.unpack_from("<7I", body) == (240, 320, 192, 256, len(jpeg), len(depth), 1)
            assert struct.unpack_from("<11f", body, 28) == tuple(header)[-11:]
            assert body[72:] == jpeg + depth

    def test_pictures_that_are_all_damaged(self, wire_file: Path, tmp_path: Path) -> None:
        for sent in self.changed(wire_file, tmp_path / "log", "damaged"):
            with pytest.raises(ValueError, match="no JPEG marker"):
                jpeg_size(sent.parts(sent.message)[1])

    def test_bytes_that_are_no_stream(self, wire_file: Path) -> None:
        with phone(wire_file, fps=20, faults=["garbage@0"]) as process:
            connection, _ = connect(process.address)
            with connection:
                assert PEERTALK_HEADER.unpack(read(connection, 16))[:2] != (1, 101)
