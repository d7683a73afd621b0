"""`lidarlive devices` by its real entry, against the stand-in phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capture.sources.record3d.driver import package_installed
from capture.virtual_phone.process import PhoneProcess
from capture.virtual_phone.wire_file import message_spans
from tests.app.cli.conftest import Call
from tests.support.fake_usbmuxd import FakeUsbmuxd
from tests.support.frames import encoded_message, make_frame
from tests.support.programs import lidarlive

pytestmark = pytest.mark.phone


@pytest.fixture(scope="module")
def phone(numbered: Path) -> Iterator[PhoneProcess]:
    with PhoneProcess(str(numbered), fps=30, serial="stand-in") as process:
        process.start()
        process.wait_ready()
        yield process


def states(document: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["state"] for step in document["steps"]}


def test_every_step_and_the_bytes_to_play_them_again(phone: PhoneProcess, tmp_path: Path) -> None:
    kept = tmp_path / "phone.wire"
    done = lidarlive("devices", "--json", "--save-wire", kept, USBMUXD_SOCKET_ADDRESS=phone.address)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["ok"]
    found = states(document)
    assert found.pop("drivers") == ("ok" if package_installed() else "warning")
    assert found.pop("rate") in ("ok", "warning"), "a busy computer takes frames with pauses"
    assert set(found.values()) == {"ok"}
    measured = {step["name"]: step["measured"] for step in document["steps"]}
    assert measured["pictures"]["rgb_size"] == [240, 320]
    assert measured["phone"]["serials"] == ["stand-in"]
    assert measured["rate"]["frames"] > 1
    assert document["wire"]["bytes"] == kept.stat().st_size
    assert document["wire"]["play"].startswith(f"lidarlive emulate {kept} --fps ")
    spans = message_spans(kept)
    assert len(spans) >= measured["rate"]["frames"] - 1

    again = lidarlive("devices", "--save-wire", kept, USBMUXD_SOCKET_ADDRESS=phone.address)
    assert again.returncode == 1
    assert again.stderr == f"lidarlive: {kept} exists: choose another name for --save-wire\n"

    with PhoneProcess(str(kept), fps=30) as replay:
        replay.start()
        replay.wait_ready()
        done = lidarlive("devices", USBMUXD_SOCKET_ADDRESS=replay.address)
    assert done.returncode == 0, done.stderr
    assert "RGB 240x320, depth 192x256" in done.stdout


def test_a_step_a_line_and_below_a_failed_one_what_to_do(tmp_path: Path) -> None:
    done = lidarlive("devices", USBMUXD_SOCKET_ADDRESS=f"UNIX:{tmp_path}/nobody", COLUMNS="300")
    assert done.returncode == 1
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert [line[1] for line in lines[:2]] == ["drivers", "usbmuxd"]
    assert lines[1][2].startswith("no usbmuxd at UNIX:")
    assert "unset USBMUXD_SOCKET_ADDRESS" in done.stdout.splitlines()[2]
    assert done.stdout.count("not examined") == 7
    (error,) = done.stderr.splitlines()
    assert error.startswith("lidarlive: no usbmuxd at UNIX:")
    assert error.endswith("unset USBMUXD_SOCKET_ADDRESS")


def test_a_phone_whose_app_does_not_stream(numbered: Path, tmp_path: Path) -> None:
    kept = tmp_path / "phone.wire"
    with PhoneProcess(str(numbered), in_usb_mode=False, trusted=False) as phone:
        phone.start()
        phone.wait_ready()
        done = lidarlive("devices", "--json", "--save-wire", kept, USBMUXD_SOCKET_ADDRESS=phone.address)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["ok"], document["wire"]) == (False, None)
    assert (states(document)["trusted"], states(document)["app streaming"]) == ("warning", "failed")
    assert "press the red record button" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not kept.exists(), "nothing came, nothing is kept"


def test_a_phone_that_is_silent(numbered: Path) -> None:
    with PhoneProcess(str(numbered), faults=["silent@0:60"]) as phone:
        phone.start()
        phone.wait_ready()
        done = lidarlive("devices", USBMUXD_SOCKET_ADDRESS=phone.address)
    assert done.returncode == 1
    assert done.stderr.startswith("lidarlive: the phone sent nothing in 3 s: unlock the phone")


def test_a_damaged_stream_is_kept_as_it_came(tmp_path: Path) -> None:
    message = encoded_message(make_frame(0))
    data = message[:104] + b"no" + message[106:] + message[:50]
    kept = tmp_path / "hurt.wire"
    with FakeUsbmuxd(tmp_path, stream=lambda connection: connection.sendall(data)) as fake:
        done = lidarlive("devices", "--save-wire", kept, USBMUXD_SOCKET_ADDRESS=fake.address, COLUMNS="300")
    assert done.returncode == 1
    assert "1 frame, damaged: " in done.stderr
    assert kept.read_bytes() == data
    assert f"play them with: lidarlive emulate {kept}\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--save-wire", "{tmp}/phone.bin"], "--save-wire must end in .wire"),
        (["--save-wire", "{tmp}/nowhere/phone.wire"], "cannot be written"),
        (["--serial", "other"], "other is not connected; connected: stand-in"),
    ],
)
def test_bad_input(
    words: list[str], line: str, phone: PhoneProcess, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", phone.address)
    done = call("devices", *(word.format(tmp=tmp_path) for word in words))
    assert done.returncode == 1
    assert line in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
