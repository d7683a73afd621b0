"""`lidarlive record` by its real entry: what arrives, or does not, is named, and --seconds ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from capture.recording import Dataset
from capture.sources.drivers import DRIVERS
from tests.support.frames import encoded_message, make_frame
from tests.support.paths import ROOT
from tests.support.phones import phone
from tests.support.programs import lidarlive
from tests.support.streams import WITHOUT_FRAMES

pytestmark = [pytest.mark.phone, pytest.mark.slow]


@pytest.fixture(params=list(DRIVERS))
def driver(request: pytest.FixtureRequest) -> str:
    if request.param == "record3d":
        request.getfixturevalue("record3d_package")
    return str(request.param)


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.usefixtures("record3d_package")
@pytest.mark.parametrize(
    ("driver", "kind"),
    [*(("native", kind) for kind in WITHOUT_FRAMES), ("record3d", "silent"), ("record3d", "old-app")],
)
def test_without_a_frame_it_ends_by_itself_with_the_reason(
    driver: str, kind: str, wire_file: Path, tmp_path: Path
) -> None:
    _, found, fix = WITHOUT_FRAMES[kind]
    with phone(wire_file, fps=20, faults=[f"{kind}@0:1000"]) as stand_in:
        words = ("record", tmp_path, "--source", "usb", "--driver", driver, "--seconds", 3)
        done = lidarlive(*words, USBMUXD_SOCKET_ADDRESS=stand_in.address)
    assert (done.returncode, done.stdout) == (1, "")
    while_it_lasts, at_the_end = done.stderr.splitlines()
    assert while_it_lasts.startswith("lidarlive: ")
    assert at_the_end.startswith("lidarlive: nothing was recorded: ")
    for line in (while_it_lasts, at_the_end):
        assert found in line
        assert fix in line
    assert list(tmp_path.iterdir()) == []


def test_events_name_it_while_it_lasts(driver: str, wire_file: Path, tmp_path: Path) -> None:
    """After frames came: nothing is lost, and the recording ends well."""
    with phone(wire_file, fps=20, faults=["old-app@5:1000"]) as stand_in:
        words = ("record", tmp_path, "--source", "usb", "--driver", driver, "--seconds", 5, "--json")
        done = lidarlive(*words, USBMUXD_SOCKET_ADDRESS=stand_in.address)
    assert (done.returncode, done.stderr) == (3, "")
    reported = events(done.stdout)
    assert [reported[0]["event"], reported[-1]["event"]] == ["started", "done"]
    waiting = [event for event in reported if event["event"] == "waiting"]
    assert len(waiting) >= 2
    assert {event["problem"] for event in waiting} == {"old_app"}
    assert len({event["found"] for event in waiting}) == len(waiting), "it counts"
    assert all("update the Record3D app" in event["fix"] for event in waiting)
    (recording,) = Dataset(tmp_path)
    assert 0 < len(recording) == reported[-1]["written"] <= 6
    assert reported[-1]["parts"] == [{"path": str(recording.path), "written": len(recording)}]


def test_the_last_event_of_a_recording_without_frames(wire_file: Path, tmp_path: Path) -> None:
    with phone(wire_file, faults=["silent@0:1000"]) as stand_in:
        words = ("record", tmp_path, "--source", "usb", "--driver", "native", "--seconds", 0.5, "--json")
        done = lidarlive(*words, USBMUXD_SOCKET_ADDRESS=stand_in.address)
    assert done.returncode == 1
    (failed,) = events(done.stdout)
    assert (failed["event"], failed["problem"], failed["written"]) == ("failed", "silent", 0)
    assert f"{failed['found']}: {failed['fix']}" in done.stderr


def test_an_interrupt_while_nothing_comes(wire_file: Path, tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches the whole process group; one line follows, the reason."""
    command = [sys.executable, "-m", "app", "record", tmp_path, "--source", "usb", "--json"]
    with phone(wire_file, faults=["silent@0:1000"]) as stand_in:
        environment = {**os.environ, "USBMUXD_SOCKET_ADDRESS": stand_in.address}
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as program:
            assert program.stdout is not None
            assert json.loads(program.stdout.readline())["event"] == "waiting"
            os.killpg(program.pid, signal.SIGINT)
            _, errors = program.communicate(timeout=60)
    assert program.returncode == 1
    (line,) = errors.splitlines()
    assert line.startswith("lidarlive: nothing was recorded: the phone sent nothing in ")


def test_a_phone_that_is_unplugged_while_it_is_waited_for(wire_file: Path, tmp_path: Path) -> None:
    with phone(wire_file, faults=["gone@0:1000"]) as stand_in:
        words = ("record", tmp_path, "--source", "usb", "--driver", "native", "--seconds", 2)
        done = lidarlive(*words, USBMUXD_SOCKET_ADDRESS=stand_in.address)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "lidarlive: nothing was recorded: no phone found: connect the iPhone"
    )


def test_seconds_count_from_when_frames_are_due(wire_file: Path, tmp_path: Path) -> None:
    """Of five seconds three are silent."""
    with phone(wire_file, fps=20, faults=["silent@0:3"]) as stand_in:
        words = ("record", tmp_path, "--source", "usb", "--driver", "native", "--seconds", 5, "--json")
        done = lidarlive(*words, USBMUXD_SOCKET_ADDRESS=stand_in.address)
    assert done.returncode == 0
    assert 1 <= events(done.stdout)[-1]["written"] <= 50, "not five seconds of frames"


def test_the_last_line_names_each_part_with_its_frames(driver: str, tmp_path: Path) -> None:
    """The camera changes, and the phone is turned, in mid-stream."""
    frames = [make_frame(i) for i in range(4)]
    frames += [make_frame(i, rgb_size=(96, 72), depth_size=(32, 24)) for i in range(4, 9)]
    frames += [make_frame(i, confidence=False) for i in range(9, 12)]
    (tmp_path / "turned.wire").write_bytes(b"".join(map(encoded_message, frames)))
    words = ("record", tmp_path / "set", "--source", tmp_path / "turned.wire", "--driver", driver, "--name", "walk")
    done = lidarlive(*words)
    assert done.returncode == 0, done.stderr
    parts = list(Dataset(tmp_path / "set"))
    assert [len(part) for part in parts] == [4, 5, 3]
    named = ", ".join(f"{part.path} ({len(part)} frames)" for part in parts)
    assert done.stdout.splitlines()[-1].startswith(f"{named}: ")
    assert "s, 12 frames, lost: none" in done.stdout
