"""The live session: newest frame, newest prediction with its own frame, every frame recorded or those chosen."""

from __future__ import annotations

import sys
import threading
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from app.session.live_accuracy import abs_rel_of
from app.session.live_session import NOT_PREDICTED, LiveSession, LiveStatus
from capture.errors import LidarliveError
from capture.frame_filter import FrameFilter
from capture.inspection.checksums import damage
from capture.recording import Dataset, Recording
from capture.sources.drivers import DRIVERS
from capture.sources.replay import ReplaySource
from capture.sources.stand_in import StandInSource
from capture.virtual_phone.process import PhoneProcess
from model.predictor import Predictor
from tests.support.frames import make_frame, timed, write_recording
from tests.support.waiting import wait_until
from tests.support.weights import write_weights


@pytest.fixture
def session(record3d_package: None, numbered: Path, tmp_path: Path):
    live = LiveSession(StandInSource(str(numbered), "numbered", loop=True), tmp_path / "recordings")
    live.start()
    yield live
    live.close()


def test_frames_flow_and_the_status_says_so(session: LiveSession) -> None:
    wait_until(lambda: session.latest().frame is not None, "a frame")
    first = session.latest().frame
    assert first is not None
    wait_until(lambda: session.latest().frame is not first, "a newer frame")
    wait_until(lambda: session.status().fps > 1, "a rate")
    status = session.status()
    assert (status.source, status.state, status.camera, status.lost) == ("numbered", "streaming", "lidar", {})
    assert session.latest().prediction is None
    assert status.predicting.mean_ms is None


def test_record_while_live(session: LiveSession, tmp_path: Path) -> None:
    wait_until(lambda: session.latest().frame is not None, "a frame")
    session.start_recording("walk")
    with pytest.raises(LidarliveError, match="a recording is running"):
        session.start_recording("another")
    wait_until(lambda: session.status().recording.written >= 20, "20 frames written")
    session.stop_recording()
    wait_until(lambda: session.status().recording.finished, "finished")
    status = session.status().recording
    assert (status.lost, status.error) == ({}, "")
    (recording,) = Dataset(tmp_path / "recordings")
    assert (recording.info.status, len(recording)) == ("closed", status.written)
    indices = [line.stream_index for line in recording.lines()]
    assert indices == list(range(indices[0], indices[0] + len(indices))), "a frame is missing"
    session.start_recording("another")
    wait_until(lambda: session.status().recording.written >= 2, "the second recording")


def test_closing_finishes_the_recording(record3d_package: None, numbered: Path, tmp_path: Path) -> None:
    source = StandInSource(str(numbered), "numbered", loop=True)
    with closing(LiveSession(source, tmp_path / "recordings")) as live:
        live.start()
        live.start_recording("walk")
        wait_until(lambda: live.status().recording.written >= 5, "5 frames written")
    (recording,) = Dataset(tmp_path / "recordings")
    assert recording.info.status == "closed"
    assert len(recording) == live.status().recording.written


@pytest.mark.skipif(sys.platform == "win32", reason="file-size limits are POSIX")
def test_a_full_disk_ends_the_recording_and_not_the_view(session: LiveSession, tmp_path: Path) -> None:
    import resource

    wait_until(lambda: session.latest().frame is not None, "a frame")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    session.start_recording("full")
    wait_until(lambda: session.status().recording.written > 2, "frames written")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, unlimited[1]))  # the log reaches it within a second
        wait_until(lambda: session.status().recording.error != "", "the end of the recording")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    status = session.status().recording
    assert "are whole; free some space" in status.error
    first = session.latest().frame
    wait_until(lambda: session.latest().frame is not first, "a newer frame")
    (recording,) = Dataset(tmp_path / "recordings")
    assert len(recording) == status.written
    assert len(list(recording)) == status.written, "every frame can be read"


def test_another_source_takes_the_place_of_the_first(session: LiveSession, wire_file: Path, tmp_path: Path) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    wait_until(lambda: session.latest().prediction is not None, "a prediction")
    session.start_recording("walk")
    with pytest.raises(LidarliveError, match="a recording is running"):
        session.use_source(StandInSource(str(wire_file), "wire", loop=True))
    session.stop_recording()
    wait_until(lambda: session.status().recording.finished, "finished")
    before = session.latest()
    session.use_source(StandInSource(str(wire_file), "wire", loop=True))
    assert session.latest().frame is None
    assert session.status().source == "wire"
    wait_until(lambda: session.latest().prediction is not None, "a prediction of the other source")
    view = session.latest()
    assert before.frame is not None
    assert view.frame is not None
    assert view.predicted_frame is not None
    assert view.predicted_frame.received_ns > before.frame.received_ns
    wait_until(lambda: threads("reader") == 1, "the first reader has ended")
    session.use_source(StandInSource(str(tmp_path / "gone.r3d"), "gone", loop=True))
    wait_until(lambda: session.status().state == "failed", "a failure")
    session.use_source(StandInSource(str(wire_file), "wire", loop=True))
    wait_until(lambda: session.latest().frame is not None, "frames again")
    assert session.status().state == "streaming"


def threads(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_a_source_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "no.r3d").write_bytes(b"nothing")
    with closing(LiveSession(StandInSource(str(tmp_path / "no.r3d"), "no.r3d", loop=True), tmp_path)) as live:
        live.start()
        wait_until(lambda: live.status().state == "failed", "a failure")
        assert "no.r3d" in live.status().detail


def test_weights_that_are_none_are_said_so_and_the_view_goes_on(session: LiveSession, tmp_path: Path) -> None:
    session.use_weights(tmp_path / "nowhere")
    wait_until(lambda: "nowhere" in session.status().predicting.error, "an error")
    first = session.latest().frame
    wait_until(lambda: session.latest().frame is not first, "a newer frame")


def test_only_frames_of_poor_prediction_are_recorded(session: LiveSession, tmp_path: Path) -> None:
    """Frame i is i levels of grey and 1 m + i mm away, and predicted at 1 m + i cm, for another lens: ever worse."""
    poor = FrameFilter(worse_than=0.6)
    with pytest.raises(LidarliveError, match="there are no weights to predict with"):
        session.start_recording("poor", poor)
    assert session.status().recording is None
    session.use_weights(write_weights(tmp_path / "flat"))
    wait_until(lambda: session.latest().prediction is not None, "a prediction")
    session.start_recording("poor", poor, "what is left to learn")
    wait_until(lambda: session.status().recording.written >= 5, "poor ones are written")
    wait_until(lambda: session.status().recording.left_out >= 60, "good ones are left out")
    session.stop_recording()
    wait_until(lambda: session.status().recording.finished, "finished")
    assert session.status().recording.lost.keys() <= {"phone_dropped"}, "what a busy computer costs, nothing else"
    (recording,) = Dataset(tmp_path / "recordings")
    assert (recording.info.chosen, recording.info.note) == (poor, "what is left to learn")
    assert list(damage(recording.path)) == []
    predict = Predictor(tmp_path / "flat")
    errors = [abs_rel_of(predict.of_frame(frame), frame) for frame in recording]
    assert min(errors) > 0.6
    indices = [line.stream_index for line in recording.lines()]
    assert indices == sorted(set(indices))


def test_where_nothing_is_predicted_any_more_the_recording_of_poor_ones_says_so(
    session: LiveSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    wait_until(lambda: session.latest().prediction is not None, "a prediction")
    session.start_recording("poor", FrameFilter(worse_than=0.6))
    assert session.status().recording.remark == ""
    monkeypatch.setattr("app.session.live_session.BEHIND_BYTES", -1)  # as if frames waited all the time
    wait_until(lambda: session.status().recording.remark == NOT_PREDICTED, "a remark")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_phone_that_loses_frames_while_most_are_left_out(
    record3d_package: None, numbered: Path, tmp_path: Path, driver: str
) -> None:
    """One frame in ten is recorded; the loss happens between two of them and is counted all the same."""
    with PhoneProcess(str(numbered), faults=["cut@13"]) as phone:
        phone.wait_ready(30)
        with closing(LiveSession(DRIVERS[driver]("iPhone", address=phone.address), tmp_path)) as live:
            live.start()
            live.start_recording("walk", FrameFilter(every=10))
            wait_until(lambda: live.status().lost != {}, "the loss")
            wait_until(lambda: live.status().recording.left_out >= 60, "frames after it")
    status = live.status().recording
    assert (status.lost, live.status().lost) == ({"disconnected": 1}, {"disconnected": 1})
    (recording,) = Dataset(tmp_path)
    assert (recording.info.lost, recording.info.status) == (status.lost, "closed")
    indices = [line.stream_index for line in recording.lines()]
    gaps = [after - before for before, after in pairwise(indices)]
    assert sorted(gaps)[:-1] == [10] * (len(gaps) - 1)
    assert max(gaps) <= 11, "the next one, where the lost one's turn it was"
    assert status.written == len(indices) >= 7


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_phone_that_goes_away_is_waited_for_and_the_loss_is_shown(
    record3d_package: None, numbered: Path, tmp_path: Path, driver: str
) -> None:
    with PhoneProcess(str(numbered), faults=["gone@10:2"]) as phone:
        phone.wait_ready(30)
        with closing(LiveSession(DRIVERS[driver]("iPhone", address=phone.address), tmp_path)) as live:
            noticed: list[LiveStatus] = []

            def is_noticed() -> bool:
                noticed.append(live.status())  # a phone that is back is no longer waited for
                return noticed[-1].state == "waiting"

            live.start()
            live.start_recording("walk")
            wait_until(is_noticed, "noticed")
            before = live.latest().frame
            assert noticed[-1].detail
            wait_until(lambda: live.status().recording.written >= 10, "what came before is written")
            assert before is not None
            wait_until(lambda: live.latest().frame is not before, "the next frame")
            assert live.latest().frame.index > before.index
            wait_until(lambda: live.status().state == "streaming", "the stream again")
            assert live.status().lost == {"disconnected": 1}
    (recording,) = Dataset(tmp_path)
    assert (recording.info.status, recording.info.lost) == ("closed", {"disconnected": 1})


def test_the_delay_counts_from_the_capture_where_the_phone_sends_it(record3d_package: None, tmp_path: Path) -> None:
    """A source whose frames are held back for a while: those that came undelayed show by how much."""
    frames = [timed(make_frame(i, (240, 320), (192, 256))) for i in range(60)]
    walk = write_recording(tmp_path / "set", "walk", frames)
    with closing(LiveSession(StandInSource(str(walk), "walk", loop=True), tmp_path / "recordings")) as live:
        live.start()
        assert live.status().delay_s is None
        wait_until(lambda: live.latest().frame is not None, "a frame")
        view = live.latest()
        assert view.frame is not None
        assert view.captured_ns is not None
        assert view.captured_ns <= view.frame.received_ns
        live.note_drawn(view)
        status = live.status()
        assert status.delay_of_capture
        assert status.delay_s is not None
        assert 0 < status.delay_s < 60
        live.use_source(ReplaySource(Recording(walk)))
        assert live.status().delay_s is None
        wait_until(lambda: live.latest().frame is not None, "a frame that is played")
        live.note_drawn(live.latest())
        assert live.latest().captured_ns is None, "it was captured long ago"
        assert not live.status().delay_of_capture
        assert live.status().delay_s is not None


def test_the_delay_counts_from_arrival_where_the_phone_sends_no_time(session: LiveSession) -> None:
    wait_until(lambda: session.latest().frame is not None, "a frame")
    session.note_drawn(session.latest())
    status = session.status()
    assert not status.delay_of_capture
    assert status.delay_s is not None
    assert status.delay_s > 0
