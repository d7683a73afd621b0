"""Playing a recording with pause and seek; every part of its frames encodes their number."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

import pytest

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.recording import Recording
from capture.sources.replay import ReplaySource
from capture.timing.frame_times import LONGEST_PAUSE_S
from tests.support.frames import make_frame, timed, write_recording
from tests.support.waiting import wait_until


class Player:
    """Reads a source in a thread of its own, as the live session does."""

    def __init__(self, source: ReplaySource) -> None:
        self.source, self.frames = source, Queue[Frame]()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for frame in self.source:
            self.frames.put(frame)

    def numbers(self, count: int) -> list[int]:
        """Return the numbers of the next frames."""
        return [number_of(self.frames.get(timeout=20)) for _ in range(count)]

    def becomes_still(self) -> bool:
        """Whether, apart from a frame in flight, none arrives during the time of several frames."""
        for _ in range(5):
            try:
                self.frames.get(timeout=0.3)
            except Empty:
                return True
        return False

    def close(self) -> None:
        self.source.close()
        self._thread.join(20)
        assert not self._thread.is_alive()


def number_of(frame: Frame) -> int:
    return round(frame.pose.position_m[0])


@pytest.fixture
def player(numbered: Path) -> Iterator[Player]:
    playing = Player(ReplaySource(Recording(numbered)))
    yield playing
    playing.close()


def test_frames_come_in_order_from_the_first_with_indices_that_count_on(player: Player):
    frames = [player.frames.get(timeout=20) for _ in range(10)]
    numbers = [number_of(frame) for frame in frames]
    assert numbers[0] == 0
    assert numbers == sorted(numbers)
    assert [frame.index for frame in frames] == list(range(10))
    assert frames[0].received_ns < frames[1].received_ns
    assert frames[3].depth_m[5, 5] == pytest.approx(1 + numbers[3] / 1000, abs=6e-4)


def test_it_goes_round_at_the_end(player: Player):
    player.source.seek(57)
    numbers = []
    while 57 not in numbers or numbers[-1] > 30:
        numbers += player.numbers(1)
    after = numbers[numbers.index(57) :]
    assert min(after) < 10


def test_a_pause_holds_the_frame_and_playing_goes_on_from_it(player: Player):
    player.numbers(2)
    player.source.pause()
    assert player.becomes_still()
    held = player.source.position
    assert not held.playing
    player.source.play()
    assert player.numbers(1)[0] > held.frame
    assert player.source.position.playing


def test_a_seek_gives_that_frame_while_paused_too(player: Player):
    player.source.pause()
    player.numbers(1)
    assert player.becomes_still()
    for wanted, given in ((40, 40), (41, 41), (10, 10), (10, 10), (-5, 0), (99, 59)):
        player.source.seek(wanted)
        assert player.numbers(1) == [given]
        assert player.source.position.frame == given
    assert player.becomes_still()


def test_a_position_is_in_the_time_of_the_recording(numbered: Path):
    source = ReplaySource(Recording(numbered))
    source.pause()
    source.seek(30)
    position = source.position
    assert (position.frame, position.frames) == (30, 60)
    assert position.seconds == pytest.approx(30 / 60, rel=0.01)
    assert position.length_s == pytest.approx(59 / 60, rel=0.01)


def test_a_long_interruption_is_shortened_and_a_clock_that_stood_still_goes_on(tmp_path: Path):
    frames = [make_frame(i) for i in range(4)]
    frames[2:] = [replace(frame, received_ns=frame.received_ns + 3_600_000_000_000) for frame in frames[2:]]
    frames[1] = replace(frames[1], received_ns=frames[0].received_ns)
    length_s = ReplaySource(Recording(write_recording(tmp_path, "paused", frames))).position.length_s
    assert length_s == pytest.approx(LONGEST_PAUSE_S + 2 / 60, abs=1e-3)


def test_damaged_frames_are_passed_over_and_counted_once(numbered: Path, tmp_path: Path):
    copy = shutil.copytree(numbered, tmp_path / numbered.name)
    (copy / "rgb" / "000003.jpg").write_bytes(b"no picture")
    player = Player(ReplaySource(Recording(copy)))
    for _ in range(2):
        player.source.seek(3)
        wait_until(lambda: player.source.losses() == {"damaged": 1}, "the damaged frame is counted")
        assert 3 not in player.numbers(5)
    assert "000003.jpg" in player.source.state.detail
    player.close()
    assert player.source.losses() == {"damaged": 1}


def test_a_recording_without_frames_is_refused(tmp_path: Path, numbered: Path):
    copy = shutil.copytree(numbered, tmp_path / numbered.name)
    (copy / "frames.jsonl").write_bytes(b"")
    with pytest.raises(LidarliveError, match="has no frames to play"):
        ReplaySource(Recording(copy))


def test_the_pace_is_that_of_the_camera_where_it_timed_the_frames(tmp_path: Path):
    frames = [timed(make_frame(i)) for i in range(6)]
    frames[3:] = [replace(frame, received_ns=frame.received_ns + 500_000_000) for frame in frames[3:]]
    source = ReplaySource(Recording(write_recording(tmp_path, "late", frames)))
    assert source.position.length_s == pytest.approx(5 / 60, abs=1e-6)
    frames = [replace(frame, camera_time_s=None) for frame in frames]
    source = ReplaySource(Recording(write_recording(tmp_path, "by arrival", frames)))
    assert source.position.length_s == pytest.approx(5 / 60 + 0.5, abs=0.02)
