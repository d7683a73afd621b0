"""The connection doctor: for every problem, the step that fails and its advice."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capture.doctor import steps as doctor
from capture.doctor.steps import LOOK_STEPS, STREAM_STEPS, Step, examine, look
from capture.doctor.stream_sample import rate_of
from capture.frame import Camera
from capture.protocol.capture_time import CaptureTime, encode_misc
from capture.protocol.wire import with_misc
from capture.usb.remedies import Problem, remedy
from capture.usb.usbmuxd import send_message
from tests.support.fake_usbmuxd import ENDLESS, NO_RECORD, PHONE, REFUSED, Answer, FakeUsbmuxd, hang, slowly
from tests.support.frames import encoded_message, make_frame, timed

Stream = Callable[[socket.socket], None]

NETWORK_PHONE = {"DeviceID": 2, "Properties": {"ConnectionType": "Network", "SerialNumber": "far"}}
SECOND_PHONE = {"DeviceID": 2, "Properties": {"ConnectionType": "USB", "SerialNumber": "def"}}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what hangs for good: a person's phone is waited for longer."""
    monkeypatch.setattr(doctor, "ANSWER_S", 1.0)
    monkeypatch.setattr(doctor, "FIRST_FRAME_S", 0.3)


def frames(count: int = 12, last: bytes = b"", **about: Any) -> Stream:
    """A stream of `count` frames and `last`, then its end: nothing here waits for a clock."""
    messages = [encoded_message(make_frame(i, **about)) for i in range(count)]

    def stream(connection: socket.socket) -> None:
        for message in (*messages, last):
            connection.sendall(message)

    return stream


def sent(data: bytes) -> Stream:
    def stream(connection: socket.socket) -> None:
        connection.sendall(data)
        hang(connection)

    return stream


def hurt(message: bytes) -> bytes:
    """With something else where its JPEG begins."""
    return message[:104] + b"no" + message[106:]


def examined(folder: Path, stream: Stream = hang, **answers: Answer) -> dict[str, Step]:
    with FakeUsbmuxd(folder, stream, **answers) as fake:
        steps = list(examine(fake.address))
    assert tuple(step.name for step in steps) == LOOK_STEPS + STREAM_STEPS
    failed = [step for step in steps if step.state == "failed"]
    if failed:
        assert failed[0].found
        assert failed[0].fix
        after = steps[steps.index(failed[0]) + 1 :]
        assert {step.state for step in after} <= {"skipped"}, "nothing is looked at after a failure"
    return {step.name: step for step in steps}


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_problem_has_a_remedy_on_every_system(system: str) -> None:
    foreign = {
        "linux": ("Finder", "Apple Devices"),
        "darwin": ("apt", "systemctl", "Apple Devices"),
        "win32": ("sudo",),
    }
    for problem in Problem:
        text = remedy(problem, system)
        has_none = (problem, system) == (Problem.NO_RECORD3D, "darwin")  # there is no package for macOS
        assert bool(text) != has_none
        assert "\n" not in text
        assert not [word for word in foreign[system] if word in text], "of another system"


def test_no_usbmuxd_at_the_address(tmp_path: Path) -> None:
    steps = {step.name: step for step in examine(f"UNIX:{tmp_path}/nobody")}
    assert steps["drivers"].state in ("ok", "warning")
    assert steps["usbmuxd"].state == "failed"
    assert "No such file" in steps["usbmuxd"].found
    assert "USBMUXD_SOCKET_ADDRESS" in steps["usbmuxd"].fix, "it was looked for where the variable says"
    assert {steps[name].state for name in ("reachable", "phone", *STREAM_STEPS)} == {"skipped"}


@pytest.mark.parametrize(("address", "word"), [("127.0.0.1:1", "refused"), ("nonsense", "Received: 'nonsense'")])
def test_closed_ports_and_malformed_addresses(address: str, word: str) -> None:
    failed = next(step for step in examine(address) if step.state == "failed")
    assert failed.name == "usbmuxd"
    assert word in failed.found


def test_a_stale_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(f"{tmp_path}/stale")
    steps = {step.name: step for step in examine(f"UNIX:{tmp_path}/stale")}
    assert (steps["usbmuxd"].state, steps["reachable"].state) == ("ok", "failed")
    assert "refused" in steps["reachable"].found


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answer", [hang, slowly(ENDLESS)])
def test_a_usbmuxd_that_hangs(tmp_path: Path, answer: Answer) -> None:
    steps = examined(tmp_path, ListDevices=answer)
    assert steps["usbmuxd"].state == "ok"
    assert steps["reachable"].state == "failed"
    assert "does not answer" in steps["reachable"].found


@pytest.mark.parametrize(
    "answer",
    [
        sent(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda connection: send_message(connection, {"DeviceList": [{"DeviceID": "x"}]}),
        lambda connection: send_message(connection, {"DeviceList": 7}),
        lambda connection: None,
    ],
)
def test_another_program_at_the_address(tmp_path: Path, answer: Answer) -> None:
    assert examined(tmp_path, ListDevices=answer)["reachable"].state == "failed"


@pytest.mark.parametrize(
    ("listed", "found"), [([], "no phone is connected"), ([NETWORK_PHONE], "far is connected over the network only")]
)
def test_no_phone_on_usb(tmp_path: Path, listed: list[object], found: str) -> None:
    steps = examined(tmp_path, ListDevices={"DeviceList": listed})
    assert steps["reachable"].state == "ok"
    assert (steps["phone"].state, steps["phone"].found) == ("failed", found)


def test_selecting_one_of_several_phones(tmp_path: Path) -> None:
    both = {"DeviceList": [NETWORK_PHONE, PHONE, SECOND_PHONE]}
    with FakeUsbmuxd(tmp_path, ListDevices=both) as fake:
        first, second, neither = (look(fake.address, serial)[3] for serial in (None, "def", "far"))
    assert (first.state, first.found) == ("ok", "abc, the first of abc, def")
    assert (second.state, second.found) == ("ok", "def")
    assert (neither.state, neither.found) == ("failed", "far is not connected; connected: abc, def")
    assert "--serial" in neither.fix


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (NO_RECORD, "warning"),
        ({"MessageType": "Result", "Number": 1}, "skipped"),  # a usbmuxd that does not know the question
        (hang, "skipped"),
    ],
)
def test_missing_trust_is_only_a_warning(tmp_path: Path, answer: Answer, state: str) -> None:
    steps = examined(tmp_path, frames(), ReadPairRecord=answer)
    assert steps["trusted"].state == state
    assert bool(steps["trusted"].fix) == (state == "warning")
    assert steps["first frame"].state == "ok"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (REFUSED, "port 1337 of the phone is closed"),
        ({"MessageType": "Result", "Number": 2}, "result: 2"),
        (hang, "does not answer"),
    ],
)
def test_the_app_refuses_the_connection(tmp_path: Path, answer: Answer, word: str) -> None:
    step = examined(tmp_path, Connect=answer)["app streaming"]
    assert step.state == "failed"
    assert word in step.found


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (hang, "the phone sent nothing in 0.3 s"),
        (slowly(encoded_message(make_frame(0))), "bytes, but no complete frame in 0.3 s"),
        (lambda connection: None, "the phone closed the stream and had sent nothing"),
        (sent(b"GET / HTTP/1.1\r\n\r\n"), "not a Record3D stream"),
        (sent(encoded_message(make_frame(0))[:-1]), "bytes, but no complete frame"),
    ],
)
def test_a_stream_without_a_frame(tmp_path: Path, stream: Stream, found: str) -> None:
    step = examined(tmp_path, stream)["first frame"]
    assert step.state == "failed"
    assert found in step.found


@pytest.mark.usefixtures("impatient")
def test_a_stream_of_damaged_frames_only(tmp_path: Path) -> None:
    step = examined(tmp_path, sent(hurt(encoded_message(make_frame(0))) * 3))["first frame"]
    assert step.state == "failed"
    assert step.found.startswith("3 frames, all damaged: ")
    assert "--save-wire" in step.fix


def test_a_stream_with_all_its_properties(tmp_path: Path) -> None:
    with (tmp_path / "kept").open("wb") as wire, FakeUsbmuxd(tmp_path, frames()) as fake:
        steps = {step.name: step for step in examine(fake.address, wire=wire)}
        assert [request["MessageType"] for request in fake.asked] == ["ListDevices", "ReadPairRecord", "Connect"]
    assert {step.state for name, step in steps.items() if name not in ("rate", "drivers")} == {"ok"}
    assert steps["rate"].measured["frames"] == 12
    assert steps["pictures"].found == "LiDAR; RGB 72x96, depth 24x32, confidence 24x32"
    assert steps["pictures"].measured["confidence_size"] == (24, 32)
    assert (tmp_path / "kept").read_bytes() == b"".join(encoded_message(make_frame(i)) for i in range(12))


def test_the_rate_is_that_of_the_camera_where_it_sends_times(tmp_path: Path) -> None:
    """All arrive at once, and one is missing."""
    sixty = [timed(make_frame(i)) for i in range(40) if i != 20]
    messages = [with_misc(encoded_message(f), encode_misc(CaptureTime(f.camera_time_s))) for f in sixty]
    measured = examined(tmp_path, sent(b"".join(messages)))["rate"].measured
    assert measured["clock"] == "camera"
    assert measured["fps"] == pytest.approx(60 * 38 / 39, abs=0.01)
    assert (measured["gaps"], measured["longest_gap_ms"]) == (1, pytest.approx(33.3, abs=0.1))
    assert examined(tmp_path, frames())["rate"].measured["clock"] == "arrival"


def test_the_front_camera(tmp_path: Path) -> None:
    step = examined(tmp_path, frames(camera=Camera.TRUEDEPTH, confidence=False))["pictures"]
    assert step.state == "ok"
    assert step.found.startswith("TrueDepth")
    assert step.found.endswith("no confidence")
    assert (step.measured["camera"], step.measured["confidence_size"]) == ("truedepth", None)


def test_damage_and_the_end_of_the_stream_are_reported_with_the_rate(tmp_path: Path) -> None:
    step = examined(tmp_path, frames(12, hurt(encoded_message(make_frame(0)))))["rate"]
    assert step.state == "warning"
    assert "1 damaged" in step.found
    assert "the phone closed the stream" in step.found
    assert step.measured["damaged"] == 1


def test_the_total_waiting_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its budget spent nothing is waited for, however patient a step may be."""
    assert doctor.BUDGET_S < 10
    for patience in ("ANSWER_S", "FIRST_FRAME_S", "SAMPLE_S"):
        monkeypatch.setattr(doctor, patience, 1000.0)
    monkeypatch.setattr(doctor, "BUDGET_S", 1.0)
    assert examined(tmp_path, hang)["first frame"].state == "failed"


def test_look_never_connects_to_the_app(tmp_path: Path) -> None:
    with FakeUsbmuxd(tmp_path, frames()) as fake:
        steps = look(fake.address)
        assert {request["MessageType"] for request in fake.asked} == {"ListDevices", "ReadPairRecord"}
    assert tuple(step.name for step in steps) == LOOK_STEPS
    assert "failed" not in {step.state for step in steps}


def test_without_record3d(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "record3d", None)
    monkeypatch.setattr("capture.doctor.steps.remedy", lambda problem: remedy(problem, "linux"))
    step = look("UNIX:/nowhere")[0]
    assert (step.name, step.state) == ("drivers", "warning")
    assert "native is used" in step.found
    assert "pip install record3d" in step.fix


@pytest.mark.parametrize(
    ("fps", "missing", "usual", "gaps"),
    [(60, (), 60, 0), (30.4, (), 30, 0), (45, (), None, 0), (60, (40,), 60, 1), (30, (10, 20, 21), 30, 2)],
)
def test_a_rate_and_its_pauses(fps: float, missing: tuple[int, ...], usual: int | None, gaps: int) -> None:
    rate = rate_of([i / fps for i in range(180) if i not in missing])
    assert rate is not None
    assert rate.fps == pytest.approx(fps, rel=0.03)
    assert (rate.usual, rate.gaps) == (usual, gaps)
    assert rate.longest_gap_ms == pytest.approx(1000 / fps * (max_pause(missing)), abs=0.1)


def max_pause(missing: tuple[int, ...]) -> int:
    """Intervals of the longest pause; 0 where nothing is missing."""
    return 3 if 21 in missing else 2 if missing else 0


@pytest.mark.parametrize("arrived_s", [[], [1.0], [1.0] * 20])
def test_too_few_frames_have_no_rate(arrived_s: list[float]) -> None:
    assert rate_of(arrived_s) is None
