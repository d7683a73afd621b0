"""The menu of sources: its entries, what they open, and that it never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.window.sources.menu import NEWEST, FoundSources, SourceMenu, find_sources
from app.window.sources.switch import spec_of
from capture.sources.opening import open_source
from capture.usb.usbmuxd import ADDRESS_VARIABLE
from tests.support.fake_usbmuxd import ENDLESS, FakeUsbmuxd, slowly
from tests.support.frames import make_frame, write_recording
from tests.support.phones import phone

WAIT_MS = 30_000


def listed(*serials: str, connection: str = "USB") -> dict[str, object]:
    properties = [{"ConnectionType": connection, "SerialNumber": serial, "ProductID": 4776} for serial in serials]
    return {"DeviceList": [{"DeviceID": i, "Properties": p} for i, p in enumerate(properties, start=1)]}


class Opened:
    """A menu that collects what was chosen; `in_use` is what it ticks."""

    def __init__(self, qtbot: QtBot, recordings: Path, in_use: str = "") -> None:
        self._window = QWidget()
        qtbot.addWidget(self._window)
        self.qtbot, self.in_use, self.chosen = qtbot, in_use, list[str]()
        self.menu = QMenu(self._window)
        self.made = SourceMenu(self.menu, self._window, recordings, self.chosen.append, lambda: self.in_use)

    def open(self) -> list[str]:
        """Return its entries after a look."""
        self.qtbot.waitUntil(lambda: "sources" not in (thread.name for thread in threading.enumerate()))
        with self.qtbot.waitSignal(self.made.updated, timeout=WAIT_MS):
            self.menu.aboutToShow.emit()
        return self.texts()

    def texts(self) -> list[str]:
        return [action.text() for action in self.menu.actions() if not action.isSeparator()]

    def ticked(self) -> list[str]:
        return [action.text() for action in self.menu.actions() if action.isChecked()]

    def trigger(self, text: str) -> None:
        next(action for action in self.menu.actions() if action.text() == text).trigger()


@pytest.fixture
def menu(qtbot: QtBot, tmp_path: Path) -> Callable[..., Opened]:
    return lambda in_use="": Opened(qtbot, tmp_path / "recordings", in_use)


PHONE, DEMO, FOLDER, FILE = "&Phone, whichever connects first", "&Demo room", "Play a &recording…", "Play a .r3d &file…"
WALK = "Demo room, &second walk"


def test_without_phone_and_recordings_it_says_so(menu: Callable[..., Opened]) -> None:
    opened = menu("demo")
    assert opened.open() == [PHONE, "No phone found", DEMO, WALK, FOLDER, FILE]
    assert [action.text() for action in opened.menu.actions() if not action.isEnabled()] == ["No phone found"]
    assert opened.ticked() == [DEMO]
    opened.trigger(PHONE)
    opened.trigger(DEMO)
    assert opened.chosen == ["usb", "demo"]


def test_each_phone_on_usb_is_an_entry(
    menu: Callable[..., Opened], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = menu("usb:00008110-001A")
    with FakeUsbmuxd(tmp_path, ListDevices=listed("abc&d", "00008110-001A")) as usbmuxd:
        monkeypatch.setenv(ADDRESS_VARIABLE, usbmuxd.address)
        assert opened.open() == [PHONE, "iPhone abc&&d", "iPhone 00008110-001A", DEMO, WALK, FOLDER, FILE]
        assert opened.ticked() == ["iPhone 00008110-001A"]
        opened.trigger("iPhone abc&&d")
    assert opened.chosen == ["usb:abc&d"]
    assert opened.open() == [PHONE, "No phone found", DEMO, WALK, FOLDER, FILE], "unplugged"


def test_phones_over_the_network_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeUsbmuxd(tmp_path, ListDevices=listed("abc", connection="Network")) as usbmuxd:
        monkeypatch.setenv(ADDRESS_VARIABLE, usbmuxd.address)
        assert find_sources(tmp_path / "nowhere") == FoundSources()


def test_the_stand_in_phone_is_found_by_its_serial(
    menu: Callable[..., Opened], wire_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = menu()
    with phone(wire_file) as process:
        monkeypatch.setenv(ADDRESS_VARIABLE, process.address)
        entry = opened.open()[1]
        opened.trigger(entry)
        (spec,) = opened.chosen
        assert (entry, spec) == (f"iPhone {spec[4:]}", f"usb:{spec[4:]}")
        with open_source(spec, driver="native", wait=False) as source:
            assert next(iter(source)).rgb_size == (240, 320)


def test_it_opens_at_once_whatever_usbmuxd_does(
    menu: Callable[..., Opened], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = menu()
    with FakeUsbmuxd(tmp_path, ListDevices=slowly(ENDLESS)) as usbmuxd:
        monkeypatch.setenv(ADDRESS_VARIABLE, usbmuxd.address)
        opened.menu.aboutToShow.emit()
        assert opened.texts()[:2] == [PHONE, "Looking for phones…"]
        opened.menu.aboutToShow.emit()
        opened.qtbot.waitUntil(lambda: "No phone found" in opened.texts(), timeout=WAIT_MS)
        assert len(usbmuxd.asked) == 1, "one look at a time"


def test_the_newest_recordings_come_first_and_can_be_played(menu: Callable[..., Opened], tmp_path: Path) -> None:
    folders = [tmp_path / "recordings" / f"2026-01-0{day}T00-00-00Z_desk" for day in range(1, NEWEST + 3)]
    made = write_recording(tmp_path / "recordings", "desk", [make_frame(0)])
    for folder in folders[1:]:
        folder.mkdir()
        (folder / "recording.json").write_bytes((made / "recording.json").read_bytes())
    made.rename(folders[0])
    opened = menu(str(folders[-1]))
    newest = [folder.name for folder in reversed(folders[-NEWEST:])]
    assert opened.open() == [PHONE, "No phone found", DEMO, WALK, *newest, FOLDER, FILE]
    assert opened.ticked() == [newest[0]]
    opened.trigger(newest[1])
    assert opened.chosen == [str(folders[-2])]


def test_a_file_in_use_is_an_entry_too(menu: Callable[..., Opened], tmp_path: Path) -> None:
    opened = menu(str(tmp_path / "walk.r3d"))
    assert opened.open() == [PHONE, "No phone found", DEMO, WALK, "walk.r3d", FOLDER, FILE]
    assert opened.ticked() == ["walk.r3d"]
    opened.in_use = "usb"
    opened.open()
    assert opened.texts() == [PHONE, "No phone found", DEMO, WALK, FOLDER, FILE]
    assert opened.ticked() == [PHONE]


def test_what_the_program_chose_by_itself_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spec_of(open_source("auto", driver="native"), "auto") == "demo"
    with FakeUsbmuxd(tmp_path) as usbmuxd:
        monkeypatch.setenv(ADDRESS_VARIABLE, usbmuxd.address)
        assert spec_of(open_source("auto", driver="native"), "auto") == "usb"
    assert spec_of(open_source("usb:abc", driver="native"), "usb:abc") == "usb:abc"
