"""The command line by its entry point: exit status 0 for work done, 3 for losses; recording by real processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.formats.r3d_reader import R3dFile
from capture.recording import Dataset, Recording
from capture.storage.layout import INFO_NAME
from capture.virtual_phone.process import PhoneProcess
from tests.app.cli.conftest import Call
from tests.support.foreign import pairs, put, sequence
from tests.support.frames import make_frame, write_recording
from tests.support.paths import ROOT
from tests.support.programs import lidarlive


@pytest.mark.usefixtures("record3d_package")
def test_record_and_inspect(numbered: Path, tmp_path: Path) -> None:
    """Every frame is recorded. Where a busy computer has the phone drop some, each is counted, and it plays again."""
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        done = lidarlive("record", folder, "--source", numbered, "--name", "again", "--json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        written, lost = events[-1]["written"], events[-1]["lost"]
        assert done.returncode == (3 if lost else 0), done.stderr
        assert lost.keys() <= {"phone_dropped"}
        assert written + sum(lost.values()) == 60
        if not lost:
            break
    assert events[0]["event"] == "started"
    assert events[-1]["event"] == "done"
    assert (written, lost) == (60, {})
    (row,) = json.loads(lidarlive("inspect", folder, "--json").stdout)
    assert (row["name"], row["frames"], row["status"], row["lost"]) == ("again", 60, "closed", {})
    assert row["depth_m"] == pytest.approx([1.0, 1.06], abs=0.01)
    text = lidarlive("inspect", folder).stdout
    assert re.search(r"^again +LiDAR +60 +\S+ +0 +240x320 +1\.0–1\.1 m +100% ", text, re.MULTILINE)
    assert "No data at 0–1 m, 2 m and beyond." in text


@pytest.mark.usefixtures("record3d_package")
def test_record_some_frames_with_a_note(numbered: Path, tmp_path: Path) -> None:
    """The camera of the clip moves 1 m from frame to frame."""
    words = ("--every", 4, "--moved", 50, "--note", "by day")
    done = lidarlive("record", tmp_path, "--source", numbered, *words, "--json")
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == (3 if last["lost"] else 0), done.stderr  # on a busy computer the phone drops some
    assert last["event"] == "done"
    assert last["written"] + last["left_out"] + sum(last["lost"].values()) == 60
    assert 1 < last["written"] <= 15
    (row,) = json.loads(lidarlive("inspect", tmp_path, "--json").stdout)
    assert (row["note"], row["chosen"]) == ("by day", {"every": 4, "moved_m": 0.5, "worse_than": None})
    assert ": chosen: every 4th frame, moved 50 cm or turned 50°" in lidarlive("inspect", tmp_path).stdout
    assert lidarlive("check", tmp_path).returncode == 0
    done = lidarlive("record", tmp_path, "--source", numbered, "--every", 10)
    lost = r"lost: (none|\d+ phone_dropped)(, possibly lost before USB: \d+)?"  # some, on a busy computer
    assert re.search(rf": \d+\.\d s, \d frames, \d\d left out by choice, {lost}\n", done.stdout)


@pytest.mark.usefixtures("record3d_package")
def test_a_number_of_frames(numbered: Path, tmp_path: Path) -> None:
    done = lidarlive("record", tmp_path, "--source", numbered, "--frames", 7)
    assert done.returncode == 0, done.stderr
    (recording,) = Dataset(tmp_path)
    assert len(recording) == 7


def test_inspect_repairs_and_says_so(tmp_path: Path, call: Call) -> None:
    path = write_recording(tmp_path, "torn", [make_frame(i) for i in range(3)])
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "status": "recording"}))
    done = call("inspect", tmp_path)
    assert done.returncode == 3
    assert "3 whole frames kept" in done.stderr


def test_check_names_what_is_damaged_and_repairs_what_is_torn(tmp_path: Path, call: Call) -> None:
    whole = write_recording(tmp_path, "whole", [make_frame(i) for i in range(3)])
    hurt = write_recording(tmp_path, "hurt", [make_frame(i) for i in range(3)])
    assert call("check", tmp_path).returncode == 0
    (hurt / "depth" / "000001.png").write_bytes(b"x")
    (hurt / "rgb" / "000002.jpg").unlink()
    info = json.loads((whole / INFO_NAME).read_text())
    (whole / INFO_NAME).write_text(json.dumps({**info, "status": "recording"}))
    done = call("check", tmp_path, "--json")
    assert done.returncode == 3
    found = json.loads(done.stdout)
    assert found["damage"][str(whole)] == ["was not closed: a crash may have torn its end"]
    depth, rgb = found["damage"][str(hurt)]
    assert depth == "frame 1: depth/000001.png does not match its checksum"
    assert rgb.startswith("frame 2: rgb/000002.jpg cannot be read")
    done = call("check", whole, "--repair")
    assert done.returncode == 3
    assert "3 whole frames kept" in done.stderr
    assert call("check", whole).returncode == 0


def test_import_names_what_it_leaves_out(tmp_path: Path, call: Call) -> None:
    files = pairs(9)
    for i in range(1, 8):
        del files[f"depth/{i}.png"]
    source = put(tmp_path / "desk", files)
    words = ("--depth-scale", 500, "--intrinsics", "70,71,36,48", "--name", "far")
    done = call("import", source, tmp_path / "set", *words)
    assert done.returncode == 3, done.stderr
    assert done.stdout.endswith("_far: 2 frames, 7 damaged ones left out\n")
    assert done.stderr.splitlines() == [
        f"{source / 'depth'} has no file {i}. The files of a frame must have one name" for i in range(1, 6)
    ]
    (recording,) = Dataset(tmp_path / "set")
    assert [line.stream_index for line in recording.lines()] == [0, 8]
    assert recording[0].depth_m[1, 1] == 2
    assert recording[0].intrinsics.as_list() == [70, 71, 36, 48]


def test_import_of_several_sources(tmp_path: Path, call: Call) -> None:
    sources = [put(tmp_path / "desk", pairs(2)), put(tmp_path / "freiburg1_walk", sequence(2))]
    done = call("import", *sources, tmp_path / "set")
    assert (done.returncode, done.stderr) == (0, "")
    assert [recording.info.name for recording in Dataset(tmp_path / "set")] == ["desk", "freiburg1_walk"]
    assert done.stdout.count(": 2 frames\n") == 2


@pytest.mark.usefixtures("record3d_package")
def test_one_command_is_the_phone_and_another_records_it(numbered: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "emulate", numbered, "--fps", "20"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as phone:
        assert phone.stdout is not None
        address = phone.stdout.readline().strip().partition("USBMUXD_SOCKET_ADDRESS=")[2]
        words = ("--source", "usb", "--frames", 60)
        done = lidarlive("record", tmp_path, *words, USBMUXD_SOCKET_ADDRESS=address)
        assert phone.stdout.read().strip() == "sent 60 frames, dropped 0"
    assert (done.returncode, phone.returncode) == (0, 0), done.stderr
    (recording,) = Dataset(tmp_path)
    assert [line.stream_index for line in recording.lines()] == list(range(60))


@pytest.mark.usefixtures("record3d_package")
def test_a_silent_phone_does_not_hold_up_the_end(numbered: Path, tmp_path: Path) -> None:
    """60 frames and no more; played again, slower, where a busy computer has the phone drop some."""
    for fps in (60.0, 30.0, 15.0):
        folder = tmp_path / f"{fps}"
        with PhoneProcess(str(numbered), fps=fps, loop=False) as phone:
            phone.start()
            phone.wait_ready()
            words = ("--source", "usb", "--seconds", 60 / fps + 2)
            done = lidarlive("record", folder, *words, USBMUXD_SOCKET_ADDRESS=phone.address)
            if not phone.status().dropped:
                break
    assert done.returncode == 0, done.stderr
    (recording,) = Dataset(folder)
    assert len(recording) == 60


@pytest.mark.usefixtures("record3d_package")
def test_a_real_recording_through_phone_package_and_disk(real_data: Path, tmp_path: Path) -> None:
    """desk-1 (1440x1920, no confidence) at 30 fps: nothing missing, nothing dropped, every part beside its own.

    The package decodes 37 such frames a second on an idle machine. Where something else takes the processor, the phone
    drops frames, as a real one would, or the encoders do, and both are counted: then, and only then, it is played once
    more, slower.
    """
    for fps in (30.0, 30.0, 15.0, 7.5, 3.75):
        folder = tmp_path / f"{fps}-{len(list(tmp_path.iterdir()))}"
        with PhoneProcess(str(real_data / "desk-1.r3d"), fps=fps, loop=False) as phone:
            phone.start()
            phone.wait_ready()
            words = ("--source", "usb", "--frames", 180, "--seconds", 180 / fps + 30)
            done = lidarlive("record", folder, *words, USBMUXD_SOCKET_ADDRESS=phone.address)
            (recording,) = Dataset(folder)
            if not phone.status().dropped and "encoder_full" not in recording.info.lost:
                break
    assert phone.status().dropped == 0
    assert not recording.info.has_confidence
    with R3dFile(real_data / "desk-1.r3d") as source:
        sixtieths = np.rint(60 * np.diff([source.time_s(i) for i in range(len(source))]))
        assert sorted(sixtieths) == [1] * 178 + [2], "by its own time stamps the phone left one frame out"
        assert done.returncode == 3, done.stdout + done.stderr
        assert recording.info.lost == {"phone_dropped": 1}, "that one, and no other"
        assert recording.seconds == pytest.approx(sixtieths.sum() / fps, rel=0.01)
        assert len(recording) == len(source) == 180
        for i in range(180):
            line = recording.line(i)
            assert line.stream_index == i
            np.testing.assert_allclose(recording.depth_m(line), np.nan_to_num(source.depth_m(i)), atol=0.00051)
            np.testing.assert_allclose(line.intrinsics.as_list(), source.intrinsics(i).as_list(), rtol=1e-6)
            np.testing.assert_allclose(line.pose.as_list(), source.pose(i).as_list(), rtol=1e-6, atol=1e-7)
        for i in range(0, 180, 15):
            assert nearest(recording, i, source) == i, "RGB belongs to another frame"


def nearest(recording: Recording, i: int, source: R3dFile) -> int:
    """Which of the source's neighbouring frames the recorded RGB of frame i is most like."""
    recorded = recording.rgb(recording.line(i), reduced=8).astype(int)
    differences = {}
    for j in range(max(0, i - 3), min(180, i + 4)):
        original = cv2.imdecode(np.frombuffer(source.jpeg(j), np.uint8), cv2.IMREAD_REDUCED_COLOR_8)
        differences[j] = np.abs(recorded - cv2.cvtColor(original, cv2.COLOR_BGR2RGB)).mean()
    return min(differences, key=differences.__getitem__)


@pytest.mark.usefixtures("record3d_package")
def test_weights_in_use_that_are_gone_do_not_keep_the_window_from_opening(
    numbered: Path, tmp_path: Path, own_home: Path
) -> None:
    (own_home / "weights").mkdir()
    (own_home / "weights" / "active.json").write_text('{"active": "gone", "before": []}')
    done = lidarlive("view", "--source", numbered, "--frames", 5, "--screenshot", tmp_path / "window.png")
    assert done.returncode in (0, 3), done.stderr
    assert cv2.imread(str(tmp_path / "window.png")).std() > 5
    refused = lidarlive("evaluate", numbered)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "There is no weights version gone" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.usefixtures("record3d_package")
@pytest.mark.timeout(400)
def test_the_demo_room_in_the_window(tmp_path: Path, own_home: Path) -> None:
    """The newcomer's first command; a computer that has not drawn the room yet draws it now."""
    picture = tmp_path / "window.png"
    done = lidarlive(
        "view", "--source", "demo", "--frames", 20, "--screenshot", picture, "--record", "first", timeout=360
    )
    assert done.returncode in (0, 3), done.stderr
    assert str(picture) in done.stdout
    assert cv2.imread(str(picture)).std() > 20
    (recording,) = Dataset(own_home / "recordings")
    assert recording.info.status == "closed"
    assert (recording.info.rgb_size, recording.info.depth_size) == ((720, 960), (192, 256))
    assert len(recording) >= 20
