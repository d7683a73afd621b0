"""The stand-in phone sends the time of capture; both drivers take what is usable of it, and a recording keeps it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from capture.frame import Frame
from capture.recorder.recorder import Recorder
from capture.recording import Dataset, Recording
from capture.sources.drivers import DRIVERS
from capture.virtual_phone.process import PhoneProcess
from tests.support.frames import make_frame, number_of, timed, write_recording

pytestmark = pytest.mark.phone

FRAMES = 30
WITHOUT = {"misc-none": 6, "misc-broken": 9, "misc-nan": 12, "misc-1mb": 15}
BACK = 18


@pytest.fixture(params=list(DRIVERS))
def driver(request: pytest.FixtureRequest) -> str:
    if request.param == "record3d":
        request.getfixturevalue("record3d_package")
    return str(request.param)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose phone dropped every tenth frame: its times have gaps, its indices none."""
    frames = [timed(make_frame(i, (240, 320), (192, 256))) for i in range(FRAMES + 10) if i % 10 != 9]
    return write_recording(tmp_path_factory.mktemp("timed"), "walk", frames)


def played(
    what: Path, driver: str, out: Path, faults: list[str], fps: float | None = 20
) -> tuple[list[Frame], Recording]:
    """The first frames, as they came and as they were recorded."""
    for attempt in range(5):
        with PhoneProcess(str(what), fps=fps, faults=faults) as phone:
            phone.wait_ready(30)
            with DRIVERS[driver]("test", address=phone.address, wait=False) as source:
                recorder = Recorder(out / str(attempt), "again", source, max_frames=FRAMES)
                frames = []
                for frame in source:
                    recorder.offer(frame)
                    frames.append(frame)
                    if len(frames) == FRAMES:
                        break
                recorder.stop()
                assert recorder.join(20)
            if phone.status().dropped == 0:  # else a busy computer had the phone drop frames: once more
                break
    (recording,) = Dataset(out / str(attempt))
    return frames, recording


def test_a_recording_is_sent_with_its_own_times(walk: Path, driver: str, tmp_path: Path) -> None:
    """Played at another rate: the camera's clock is that much faster or slower."""
    frames, recording = played(walk, driver, tmp_path, [])
    assert [number_of(frame) for frame in frames] == [i for i in range(FRAMES + 10) if i % 10 != 9][:FRAMES]
    own = Recording(walk)
    scale = own.fps / 20
    sent_s = [line.camera_time_s for line in own.lines()][:FRAMES]
    got_s = [frame.camera_time_s for frame in frames]
    np.testing.assert_allclose(np.diff(got_s), np.diff(sent_s) * scale, atol=1e-6)
    assert [line.camera_time_s for line in recording.lines()] == got_s
    late_s = np.array([f.phone_time_unix_s for f in frames]) - np.array(got_s)
    np.testing.assert_allclose(late_s, late_s[0], atol=1e-5)
    assert all(time.by_camera for time in recording.times())


def test_a_time_that_is_unusable_costs_no_frame(walk: Path, driver: str, tmp_path: Path) -> None:
    faults = [f"{kind}@{n}" for kind, n in {**WITHOUT, "misc-back": BACK}.items()]
    frames, recording = played(walk, driver, tmp_path, faults)
    assert [number_of(frame) for frame in frames] == [i for i in range(FRAMES + 10) if i % 10 != 9][:FRAMES]
    assert {i for i, frame in enumerate(frames) if frame.camera_time_s is None} == set(WITHOUT.values())
    assert {i for i, frame in enumerate(frames) if frame.phone_time_unix_s is None} == set(WITHOUT.values())
    assert frames[BACK].camera_time_s < frames[BACK - 1].camera_time_s  # type: ignore[operator]
    times = list(recording.times())
    assert {i for i, time in enumerate(times) if not time.by_camera} == {*WITHOUT.values(), BACK}
    assert all(before.time_ns < after.time_ns for before, after in pairwise(times))
