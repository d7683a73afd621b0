"""Sources are opened by a spec: a word of the registry, or a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.sources import opening
from capture.sources.base import OpenOptions, Source
from capture.sources.opening import demo_walk, known_specs, open_source
from capture.usb.usbmuxd import ADDRESS_VARIABLE
from tests.support.fake_usbmuxd import FakeUsbmuxd
from tests.support.frames import QuietSource


@pytest.fixture(autouse=True)
def _no_phone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, f"UNIX:{tmp_path / 'nobody'}")


def test_auto_is_the_demo_room_unless_a_phone_is_connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source("auto", driver="native")
    assert (source.kind, source.label) == ("stand_in", "Demo room (no phone found: usbmuxd is not running)")
    with FakeUsbmuxd(tmp_path) as usbmuxd:
        monkeypatch.setenv(ADDRESS_VARIABLE, usbmuxd.address)
        source = open_source("auto", driver="native")
        assert (source.kind, source.label) == ("phone", "iPhone")


@pytest.mark.parametrize(
    ("spec", "kind", "label"),
    [
        ("usb", "phone", "iPhone"),
        ("usb:abc", "phone", "iPhone abc"),
        ("demo", "stand_in", "Demo room"),
        ("demo:2", "stand_in", "Demo room, second walk"),
    ],
)
def test_each_word_opens_its_source(spec: str, kind: str, label: str) -> None:
    source = open_source(spec, driver="native")
    assert (source.kind, source.label, source.driver) == (kind, label, "native")
    assert source.recordable


def test_a_recording_is_played_by_the_stand_in_phone_or_as_a_replay(numbered: Path) -> None:
    assert open_source(str(numbered), driver="native").kind == "stand_in"
    replay = open_source(str(numbered), driver="native", replay=True)
    assert (replay.kind, replay.recordable) == ("replay", False)


def test_a_folder_without_recordings_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match="is not a recording"):
        open_source(str(tmp_path), driver="native")


@pytest.mark.parametrize("spec", ["nonsense", "demo:1", "auto:", "missing.r3d"])
def test_unknown_specs_are_rejected_with_the_known_ones(spec: str) -> None:
    with pytest.raises(LidarliveError) as raised:
        open_source(spec, driver="native")
    assert str(raised.value) == (
        f"--source must be auto, usb, usb:SERIAL, demo, demo:2 or a path that exists. Received: {spec!r}"
    )


def test_an_unknown_driver_is_an_error_whatever_is_opened() -> None:
    with pytest.raises(LidarliveError, match=r"--driver must be record3d or native. Received: 'wifi'"):
        open_source("demo", driver="wifi")


def test_a_new_source_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_quiet(argument: str, options: OpenOptions) -> Source:
        return QuietSource()

    monkeypatch.setitem(opening.SOURCES, "quiet", open_quiet)
    assert open_source("quiet", driver="native").kind == "other"
    assert known_specs().endswith(", quiet")


@pytest.mark.parametrize("spec", ["demo", "demo:2"])
def test_the_walk_of_a_source_is_known_by_its_label(spec: str) -> None:
    assert demo_walk(open_source(spec, driver="native").label) == spec


def test_the_demo_room_in_place_of_a_phone_is_the_first_walk() -> None:
    assert demo_walk(open_source("auto", driver="native").label) == "demo"
    assert demo_walk("iPhone") == demo_walk("") == ""
