"""Every fault of phone, cable and usbmuxd through both drivers: losses are counted, nothing is mixed, frames continue.

The stand-in phone plays 175 frames that encode their number in RGB, depth, pose and focal length, with one fault after
the other; a recorder takes the frames that arrive. One such session for each driver and kind of fault serves all tests.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.frame import Camera, Frame
from capture.inspection.checksums import damage
from capture.recorder.recorder import Recorder
from capture.recording import Dataset
from capture.sources.drivers import DRIVERS
from capture.virtual_phone.process import PhoneProcess
from tests.support.frames import encoded_message, make_frame

pytestmark = pytest.mark.phone

FRAMES, FPS = 175, 40
AFTER = 20  # frames that must still come after the last fault
SESSION_S = 100
UNREAD = 48 * 48  # pixels that become NaN, negative or infinite

# What each fault of one message costs, by driver: the cause of the lost frame, or None where the frame comes.
DAMAGE: dict[str, dict[str, str | None]] = {
    "depth-nan": {"record3d": None, "native": None},
    "depth-negative": {"record3d": None, "native": None},
    "depth-infinite": {"record3d": None, "native": None},
    "jpeg-scan": {"record3d": None, "native": None},
    "misc-none": {"record3d": None, "native": None},
    "misc-broken": {"record3d": None, "native": None},
    "misc-nan": {"record3d": None, "native": None},
    "misc-back": {"record3d": None, "native": None},
    "misc-1mb": {"record3d": None, "native": None},
    "depth-repeated": {"record3d": "stale", "native": "stale"},
    "depth-truncated": {"record3d": "corrupt", "native": "corrupt"},
    "depth-size": {"record3d": "corrupt", "native": "corrupt"},
    "depth-flipped": {"record3d": "corrupt", "native": "corrupt"},
    "body-0": {"record3d": "corrupt", "native": "corrupt"},
    "body-20": {"record3d": "corrupt", "native": "corrupt"},
    "jpeg-corrupt": {"record3d": "corrupt", "native": "corrupt"},
    "jpeg-size": {"record3d": "corrupt", "native": "corrupt"},
    "rgb-past-body": {"record3d": "corrupt", "native": "corrupt"},
    "body-4gib": {"record3d": "disconnected", "native": "disconnected"},
    "cut": {"record3d": "disconnected", "native": "disconnected"},
}
DISTURBANCES = {
    "trickle": "15:0.3",
    "flood": "40:0.3",
    "landscape": "110:0.3",
    "truedepth": "130:0.3",
    "silent": "150:4",
    "gone": "260:0.6",
    "usbmuxd-restart": "340:0.6",
}
OUTAGES = ("silent", "gone", "usbmuxd-restart")


@dataclass(frozen=True)
class Arrival:
    """A frame that arrived, with the `losses` counted so far; `error` names parts that contradict each other."""

    number: int
    index: int
    camera: Camera
    rgb_size: tuple[int, int]
    unread: int  # pixels without a reading
    losses: Counter[str]
    error: str


@dataclass(frozen=True)
class Session:
    """What came while `faults` (kind to the number of the frame) happened, and where it was recorded."""

    arrivals: list[Arrival]
    faults: dict[str, int]
    recordings: Path
    losses: Counter[str]
    recorded: int

    def around(self, kind: str) -> tuple[Arrival, list[Arrival], Arrival]:
        """The last frame before the fault, what came of the frame it happened to, and the first frame after it."""
        n = self.faults[kind]
        before = max((a for a in self.arrivals if a.number < n), key=lambda a: a.number)
        after = min((a for a in self.arrivals if a.number > n), key=lambda a: a.number)
        return before, [a for a in self.arrivals if a.number == n], after

    def lost_at(self, kind: str) -> Counter[str]:
        before, _, after = self.around(kind)
        return after.losses - before.losses


def level(number: int) -> int:
    """Of red and blue: at least 12 apart for neighbours, and far from the ends of the scale."""
    return 40 + number * 12 % FRAMES


def numbered_frame(number: int) -> Frame:
    """A frame that encodes its number in all parts, with noise as in real pictures and depth maps."""
    rng = np.random.default_rng(number)
    rgb = np.full((320, 240, 3), level(number), np.uint8)
    rgb[..., 1] = cv2.resize(rng.integers(60, 190, (40, 30), dtype=np.uint8), (240, 320))
    depth_m = (1 + number / 100 + rng.uniform(-0.003, 0.003, (256, 192))).astype(np.float32)
    return replace(make_frame(number, (240, 320), (192, 256)), image=rgb, depth_m=depth_m)


def disagreement(frame: Frame) -> tuple[int, str]:
    """Return the frame's number by its focal length, and the name of a part that contradicts it."""
    number = round(max(frame.intrinsics.fx, frame.intrinsics.fy)) - 240
    readings = frame.depth_m[frame.depth_m > 0]
    if np.abs(readings - (1 + number / 100)).max() > 0.0045:
        return number, "depth"
    if abs(float(frame.rgb[..., 0].mean()) - level(number)) > 5:
        return number, "rgb"
    if frame.camera is Camera.LIDAR and round(frame.pose.position_m[0]) != number:
        return number, "pose"
    return number, ""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "numbered.wire"
    path.write_bytes(b"".join(encoded_message(numbered_frame(i)) for i in range(FRAMES)))
    return path


@pytest.fixture(scope="module", params=list(DRIVERS))
def driver(request: pytest.FixtureRequest) -> str:
    if request.param == "record3d":
        request.getfixturevalue("record3d_package")
    return str(request.param)


@pytest.fixture(scope="module")
def damaged(driver: str, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Faults of one message, with time to connect again after those that end the connection."""
    faults, n = [], 8
    for kind, cost in DAMAGE.items():
        faults.append(f"{kind}@{n}")
        n += 60 if cost[driver] == "disconnected" else 6
    for fps in (FPS, FPS / 2, FPS / 4):  # slower where a busy computer has the phone drop frames
        folder = tmp_path_factory.mktemp(driver)
        session = run_session(driver, clip, faults, folder, fps)
        if '"dropped"' not in (folder / "sent.jsonl").read_text():
            break
    return session


@pytest.fixture(scope="module")
def disturbed(driver: str, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Faults of the connection, and changes of the app."""
    faults = [f"{kind}@{when}" for kind, when in DISTURBANCES.items()]
    # Half the rate: the long silence then costs less than a round of the clip, and ends even where the reader lags.
    return run_session(driver, clip, faults, tmp_path_factory.mktemp(driver), FPS / 2)


def run_session(driver: str, clip: Path, faults: list[str], folder: Path, fps: float = FPS) -> Session:
    log = folder / "sent.jsonl"
    arrivals: list[Arrival] = []
    with PhoneProcess(str(clip), fps=fps, faults=faults, send_log=log) as phone, pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"capture.sources.{'record3d.driver' if driver == 'record3d' else 'native'}.SILENCE_S", 1.0)
        patch.setattr("capture.sources.phone.RETRY_S", 0.1)
        phone.wait_ready(30)
        with DRIVERS[driver]("test", address=phone.address) as source:
            recorder = Recorder(folder / "set", "faults", source)
            deadline_s, last_fault_at = time.monotonic() + SESSION_S, None
            for frame in source:
                assert time.monotonic() < deadline_s, f"stuck; came {len(arrivals)}, {source.losses()}, {source.state}"
                recorder.offer(frame)
                number, error = disagreement(frame)
                unread = int(np.count_nonzero(frame.depth_m == 0))
                losses = Counter(source.losses())
                arrivals.append(Arrival(number, frame.index, frame.camera, frame.rgb_size, unread, losses, error))
                if last_fault_at is None and len(happened(log)) == len(faults):
                    last_fault_at = len(arrivals)
                if last_fault_at is not None and len(arrivals) > last_fault_at + AFTER + 10:
                    break
            recorder.stop()
            assert recorder.join(30)
    status = recorder.status()
    assert status.error == ""
    return Session(unrolled(arrivals), happened(log), folder / "set", Counter(status.lost), status.written)


def happened(log: Path) -> dict[str, int]:
    """Which faults there were, and at which frame."""
    lines = (json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return {line["fault"]: line["n"] for line in lines if "fault" in line}


def unrolled(arrivals: list[Arrival]) -> list[Arrival]:
    """Return numbers that keep increasing when the clip repeats."""
    counted: list[Arrival] = []
    for arrival in arrivals:
        last = counted[-1].number if counted else 0
        counted.append(replace(arrival, number=last + (arrival.number - last) % FRAMES))
    return counted


@pytest.fixture(params=["damaged", "disturbed"])
def session(driver: str, request: pytest.FixtureRequest) -> Session:
    found: Session = request.getfixturevalue(request.param)
    return found


def without_wrong_pictures(wrong: list[tuple[int, str]], session: Session) -> list[tuple[int, str]]:
    """Nobody sees a wrong picture without a look at its pixels: those that the faults made are left out."""
    numbers = [session.faults[kind] % FRAMES for kind in ("jpeg-scan",) if kind in session.faults]
    return [(number, error) for number, error in wrong if error != "rgb" or number % FRAMES not in numbers]


def test_no_frame_is_mixed_and_the_order_is_kept(session: Session) -> None:
    wrong = [(a.number, a.error) for a in session.arrivals if a.error]
    assert without_wrong_pictures(wrong, session) == []
    indices = [a.index for a in session.arrivals]
    assert indices == sorted(set(indices))


def test_the_stream_goes_on_after_the_last_fault(session: Session) -> None:
    assert sum(a.number > max(session.faults.values()) for a in session.arrivals) >= AFTER


def test_the_recordings_are_whole_and_every_frame_in_them_is_its_own(session: Session) -> None:
    dataset = Dataset(session.recordings)
    assert sum(len(recording) for recording in dataset) == session.recorded == len(session.arrivals)
    wrong, lost = [], Counter[str]()
    for recording in dataset:
        assert recording.info.status == "closed"
        assert list(damage(recording.path)) == []
        lost += Counter(recording.info.lost)
        wrong += [(number, error) for number, error in map(disagreement, recording) if error]
    assert without_wrong_pictures(wrong, session) == []
    assert lost == session.losses


def test_every_gap_in_the_stream_is_a_counted_loss(session: Session) -> None:
    for before, after in pairwise(session.arrivals):
        lost = after.losses - before.losses
        assert after.index - before.index - 1 == lost.total(), f"at frame {after.number}: {lost}"


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_costs_the_frame_it_happens_to_and_no_other(driver: str, damaged: Session, kind: str) -> None:
    before, frames, after = damaged.around(kind)
    lost = damaged.lost_at(kind)
    cause = DAMAGE[kind][driver]
    assert len(frames) == (cause is None)
    if cause == "disconnected":
        assert lost[cause] >= 1
    else:
        assert lost == Counter({cause: 1} if cause else {})
        assert (before.number, after.number) == (damaged.faults[kind] - 1, damaged.faults[kind] + 1)
    if kind in ("depth-nan", "depth-negative", "depth-infinite"):
        assert frames[0].unread == UNREAD


@pytest.mark.parametrize("kind", OUTAGES)
def test_an_outage_is_counted_and_the_same_recording_goes_on(disturbed: Session, kind: str) -> None:
    before, _, after = disturbed.around(kind)
    assert disturbed.lost_at(kind)["disconnected"] >= 1
    assert after.index > before.index + 1


@pytest.mark.parametrize("kind", ["trickle", "flood"])
def test_a_slow_frame_and_a_flood_lose_nothing(disturbed: Session, kind: str) -> None:
    _, frames, _ = disturbed.around(kind)
    assert len(frames) == 1
    assert disturbed.lost_at(kind) == Counter()


def test_a_phone_that_is_turned_or_changes_its_camera_begins_another_recording(disturbed: Session) -> None:
    turned = [a for a in disturbed.arrivals if a.rgb_size == (320, 240)]
    front = [a for a in disturbed.arrivals if a.camera is Camera.TRUEDEPTH]
    assert len(turned) > 3 < len(front)
    shapes = Counter((r.info.camera, r.info.rgb_size, r.info.depth_size) for r in Dataset(disturbed.recordings))
    assert shapes["lidar", (320, 240), (256, 192)] == 1
    assert shapes["truedepth", (240, 320), (480, 640)] == 1
    assert shapes["lidar", (240, 320), (192, 256)] >= 2
