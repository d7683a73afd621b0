"""Clips: the right bytes in the right order, held in memory or encoded ahead, and clear errors."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import lzfse
import pytest

from capture.errors import LidarliveError
from capture.formats.r3d_reader import R3dFile
from capture.frame import Frame
from capture.protocol.capture_time import CaptureTime, encode_misc
from capture.protocol.wire import FRAME_HEADER, PEERTALK_HEADER, FrameHeader, with_misc
from capture.recording import Recording
from capture.room import VERSION
from capture.virtual_phone import clips
from capture.virtual_phone.clips import FRAMES_AHEAD, MAX_HELD_FRAMES, Clip, open_clip
from tests.support.frames import encoded_message, make_frame, timed, write_recording
from tests.support.r3d_files import METADATA, members, write_r3d


def parts(message: bytes) -> tuple[FrameHeader, bytes, bytes, bytes]:
    """Header, JPEG, depth and confidence as they are on the wire."""
    body = message[PEERTALK_HEADER.size :]
    header = FrameHeader.parse(body)
    a = FRAME_HEADER.size + header.rgb_bytes
    b = a + header.depth_bytes
    return header, body[FRAME_HEADER.size : a], body[a:b], body[b:]


def test_a_r3d_file_passes_through_untouched(tmp_path: Path) -> None:
    path = write_r3d(tmp_path / "a.R3D", members())
    clip = open_clip(str(path))
    assert (len(clip), clip.fps, clip.rgb_size) == (3, 30.0, (72, 96))
    with R3dFile(path) as r3d:
        for i in range(3):
            header, jpeg, depth, confidence = parts(clip.message(i))
            assert (jpeg, depth, confidence) == (r3d.jpeg(i), r3d.depth_lzfse(i), r3d.confidence_lzfse(i))
            assert header[11:15] == pytest.approx(r3d.intrinsics(i).as_list())
            assert header[15:] == pytest.approx(r3d.pose(i).as_list())
    assert clip.message(4) == clip.message(1), "the clip goes round"


def test_a_damaged_r3d_file(tmp_path: Path) -> None:
    path = write_r3d(tmp_path / "a.r3d", members() | {"rgbd/2.depth": b"????"})
    with pytest.raises(LidarliveError, match=r"a\.r3d: rgbd/2\.depth: not an LZFSE block"):
        open_clip(str(path))


def test_a_recording_keeps_its_jpeg_and_its_millimetres(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, "walk", [make_frame(i) for i in range(4)])
    clip, recording = open_clip(str(folder)), Recording(folder)
    assert (len(clip), clip.fps) == (4, pytest.approx(60, rel=1e-3))
    for i in range(4):
        header, jpeg, depth, confidence = parts(clip.message(i))
        frame: Frame = recording[i]
        assert jpeg == frame.jpeg
        assert lzfse.decompress(depth) == frame.depth_m.tobytes()
        assert frame.confidence is not None
        assert lzfse.decompress(confidence) == frame.confidence.tobytes()
        assert header.x_m == i


def test_recordings_of_one_kind_play_one_after_the_other(tmp_path: Path) -> None:
    # Played in the order in which they began, to the second, and not in that of their names.
    write_recording(tmp_path, "b", [make_frame(i) for i in range(2)], "2026-01-01T00:00:00.000+00:00")
    write_recording(tmp_path, "a", [make_frame(i) for i in (7, 8, 9)], "2026-01-01T00:00:01.000+00:00")
    clip = open_clip(str(tmp_path))
    assert [parts(clip.message(i))[0].x_m for i in range(5)] == [0, 1, 7, 8, 9]
    write_recording(tmp_path, "c", [make_frame(0, confidence=False)])
    with pytest.raises(LidarliveError, match="different sizes or cameras"):
        open_clip(str(tmp_path))


def test_a_damaged_recording(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, "walk", [make_frame(i) for i in range(4)])
    jpeg = folder / "rgb" / "000002.jpg"
    jpeg.write_bytes(jpeg.read_bytes()[:-10])
    with pytest.raises(LidarliveError, match=r"frame 2 is damaged: not a whole JPEG.*check --repair"):
        open_clip(str(folder))


def test_nothing_to_play(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match="is not a recording and holds none"):
        open_clip(str(tmp_path))
    with pytest.raises(LidarliveError, match="does not exist"):
        open_clip(str(tmp_path / "nowhere"))


class Encoder:
    """Encodes frame i of a long clip, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.message = open_clip_message()

    def __call__(self, i: int) -> bytes:
        self.asked.append(i)
        return self.message + i.to_bytes(4, "big")


def open_clip_message() -> bytes:
    """The two headers of some message: as much as a clip looks at."""
    return PEERTALK_HEADER.pack(1, 101, 0, 88) + FRAME_HEADER.pack(*[72, 96] + [0] * 9, *[0.0] * 11)


def test_a_long_clip_is_encoded_a_little_ahead() -> None:
    encode, length = Encoder(), MAX_HELD_FRAMES + 1
    clip = Clip(length, 30, encode, lambda prepared: None)
    for n in (0, 1, 2, 3, 500, 501, length - 1, length, length + 1, 10_000_000):
        assert clip.message(n)[-4:] == (n % length).to_bytes(4, "big")
    assert len(encode.asked) <= 10 * FRAMES_AHEAD, "what was jumped over is not encoded"
    encode.asked.clear()
    for n in range(20_000_000, 20_000_200):
        clip.message(n)
    assert len(encode.asked) <= 200 + 2 * FRAMES_AHEAD


def test_a_large_clip_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_HELD_BYTES", 1000)
    encode = Encoder()
    clip = Clip(500, 30, encode, lambda prepared: None)
    assert clip.message(7)[-4:] == bytes([0, 0, 0, 7])
    assert len(encode.asked) < 100


def test_preparing_is_reported_and_may_be_stopped() -> None:
    heard: list[float] = []
    Clip(4, 30, Encoder(), heard.append)
    assert heard == [0.25, 0.5, 0.75, 1, 1]

    def stop(prepared: float) -> None:
        raise KeyboardInterrupt

    encode = Encoder()
    with pytest.raises(KeyboardInterrupt):
        Clip(4, 30, encode, stop)
    assert encode.asked == [0]


def wire(body: bytes) -> bytes:
    return PEERTALK_HEADER.pack(1, 101, 0, len(body)) + body


def test_a_saved_stream_plays_as_it_came(tmp_path: Path) -> None:
    messages = [wire(b""), wire(b"?" * 300), encoded_message(make_frame(1)), encoded_message(make_frame(2))]
    path = tmp_path / "saved.wire"
    path.write_bytes(b"".join(messages) + messages[-1][:100])
    clip = open_clip(str(path))
    assert [clip.message(i) for i in range(5)] == [*messages, messages[0]]
    assert clip.tail == messages[-1][:100]
    assert clip.rgb_size == (72, 96), "of the first message that makes sense"


def test_a_saved_stream_of_nothing_whole(tmp_path: Path) -> None:
    """What somebody wants to see again may be just that."""
    path = tmp_path / "saved.wire"
    path.write_bytes(encoded_message(make_frame(1))[:-1])
    clip = open_clip(str(path))
    assert (len(clip), clip.message(0), clip.tail) == (1, path.read_bytes(), b"")
    assert clip.rgb_size == (72, 96)
    path.write_bytes(wire(b"?" * 300))
    assert open_clip(str(path)).rgb_size == (0, 0)


def test_a_clip_that_is_changed(tmp_path: Path) -> None:
    """Prepared as the clip was: held, or encoded a little ahead."""
    heard: list[float] = []
    for length in (4, MAX_HELD_FRAMES + 1):
        clip = Clip(length, 12, Encoder(), lambda prepared: None, tail=b"end")
        changed = clip.changed(lambda message: message[:104] + message[:-5:-1], heard.append)
        assert (len(changed), changed.fps, changed.rgb_size, changed.tail) == (length, 12, (72, 96), b"end")
        assert changed.message(length + 3)[-4:] == bytes([3, 0, 0, 0])
        assert clip.message(length + 3)[-4:] == bytes([0, 0, 0, 3])
    assert heard[:5] == [0.25, 0.5, 0.75, 1, 1]


class SmallRoom:
    """Four frames in the place of the demo room's walk, which takes half a minute to draw."""

    frames, fps = 4, 30.0
    made = 0

    def __init__(self, reverse: bool = False) -> None:
        SmallRoom.made += 1
        self._first = 100 if reverse else 0

    def render(self, i: int) -> Frame:
        return make_frame(self._first + i)


@pytest.fixture
def small_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Plays SmallRoom as `demo`; the path of its cached loop."""
    monkeypatch.setenv("LIDARLIVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(clips, "DemoRoom", SmallRoom)
    monkeypatch.setattr(SmallRoom, "made", 0)
    return tmp_path / "cache" / f"demo-room-{VERSION}.wire"


def test_the_demo_is_rendered_once(small_room: Path) -> None:
    heard: list[float] = []
    clip = open_clip("demo", heard.append)
    assert heard == [0.25, 0.5, 0.75, 1]
    assert [parts(clip.message(i))[0].x_m for i in range(4)] == [0, 1, 2, 3]
    again = open_clip("demo")
    assert [again.message(i) for i in range(4)] == [clip.message(i) for i in range(4)]
    assert b"".join(clip.message(i) for i in range(4)) == small_room.read_bytes()
    assert SmallRoom.made == 1


def test_the_second_walk_is_another_loop_beside_the_first(small_room: Path) -> None:
    first, second = open_clip("demo"), open_clip("demo:2")
    assert [parts(second.message(i))[0].x_m for i in range(4)] == [100, 101, 102, 103]
    assert not {first.message(i) for i in range(4)} & {second.message(i) for i in range(4)}
    assert b"".join(open_clip("demo:2").message(i) for i in range(4)) != small_room.read_bytes()
    assert SmallRoom.made == 2, "each is rendered once"


def test_a_torn_cache_is_rendered_again(small_room: Path) -> None:
    open_clip("demo")
    small_room.write_bytes(small_room.read_bytes()[:-5])
    assert len(open_clip("demo")) == 4
    assert SmallRoom.made == 2


def test_two_that_want_the_demo_render_it_once(small_room: Path) -> None:
    lengths: list[int] = []
    threads = [threading.Thread(target=lambda: lengths.append(len(open_clip("demo")))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [4, 4, 4]
    assert SmallRoom.made == 1


def test_stopped_while_rendering_leaves_no_loop(small_room: Path) -> None:
    def stop(prepared: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_clip("demo", stop)
    assert not small_room.exists()


def test_a_cache_that_cannot_be_written(small_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LIDARLIVE_CACHE", str(tmp_path / "file"))
    with pytest.raises(LidarliveError, match=r"cannot be saved in .*Set LIDARLIVE_CACHE to another folder"):
        open_clip("demo")


def test_what_has_times_of_the_camera_is_played_at_them(tmp_path: Path) -> None:
    """Recordings by the camera's clock, a .r3d file by its time stamps, the demo evenly; long pauses are shortened."""
    frames = [timed(make_frame(i)) for i in (0, 1, 3, 4)]
    late = [replace(timed(make_frame(i)), camera_time_s=70_000 + i * 40.0, received_ns=i * 40 * 10**9) for i in (0, 1)]
    times_s = open_clip(str(write_recording(tmp_path / "set", "a", frames, "2026-01-01T00:00:00.000+00:00"))).times_s
    assert times_s == pytest.approx([0, 1 / 60, 3 / 60, 4 / 60], abs=1e-6)
    write_recording(tmp_path / "set", "b", late, "2026-01-01T00:00:01.000+00:00")
    times_s = open_clip(str(tmp_path / "set")).times_s
    assert times_s == pytest.approx([0, 1 / 60, 3 / 60, 4 / 60, 1 + 4 / 60, 2 + 4 / 60], abs=1e-6)
    r3d = members(METADATA | {"frameTimestamps": [5.0, 5.04, 5.06]})
    assert open_clip(str(write_r3d(tmp_path / "a.r3d", r3d))).times_s == pytest.approx([0, 0.04, 0.06])


def test_what_has_no_times_of_the_camera_is_sent_without(tmp_path: Path) -> None:
    assert open_clip(str(write_recording(tmp_path, "old", [make_frame(i) for i in range(3)]))).times_s is None
    r3d = members({key: value for key, value in METADATA.items() if key != "frameTimestamps"})
    assert open_clip(str(write_r3d(tmp_path / "a.r3d", r3d))).times_s is None
    (tmp_path / "a.wire").write_bytes(encoded_message(make_frame(0)))
    assert open_clip(str(tmp_path / "a.wire")).times_s is None


def test_the_demo_has_times(small_room: Path) -> None:
    assert [open_clip("demo").times_s for _ in range(2)] == [[0, 1 / 30, 2 / 30, 3 / 30]] * 2


def test_a_saved_stream_is_played_unchanged_at_the_times_in_it(tmp_path: Path) -> None:
    """Damaged messages, and those whose time is unusable, come when one is usual."""
    times_s = [5.0, 5.02, None, 5.06, 4.0, 5.1]
    messages = [
        with_misc(encoded_message(make_frame(i)), encode_misc(CaptureTime(time_s))) for i, time_s in enumerate(times_s)
    ]
    messages.insert(1, wire(b"?" * 300))
    path = tmp_path / "saved.wire"
    path.write_bytes(b"".join(messages))
    clip = open_clip(str(path))
    assert clip.times_s == pytest.approx([0, 0.01, 0.02, 0.03, 0.06, 0.07, 0.1], abs=0.011)
    assert all(before < after for before, after in pairwise(clip.times_s or ()))
    assert clip.fps == pytest.approx(6 / clip.times_s[-1])  # type: ignore[index]
    assert not clip.stamped
    assert [clip.message(i) for i in range(7)] == messages
    path.write_bytes(b"".join(messages[:2]))
    assert (open_clip(str(path)).times_s, open_clip(str(path)).fps) == (None, 30), "one time is no rate"
