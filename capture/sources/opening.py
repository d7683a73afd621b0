"""Open a source by its spec. A new kind of source is one file with its class and opener, and one line in SOURCES."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from capture.errors import LidarliveError
from capture.recording import Dataset, Recording
from capture.sources.base import OpenOptions, Source
from capture.sources.drivers import phone_driver
from capture.sources.replay import ReplaySource
from capture.sources.stand_in import StandInSource
from capture.storage.layout import is_recording
from capture.usb.usbmuxd import list_devices
from capture.virtual_phone.clips import DEMO, SECOND_WALK

Opener = Callable[[str, OpenOptions], Source]
DEMO_WALKS = {DEMO: "Demo room", SECOND_WALK: "Demo room, second walk"}  # label by spec


def _open_phone(serial: str, options: OpenOptions) -> Source:
    phone = phone_driver(options.driver)
    if serial:
        return phone(f"iPhone {serial}", serial=serial, wait=options.wait)
    return phone("iPhone", wait=options.wait)


def _open_demo(walk: str, options: OpenOptions) -> Source:
    spec = f"{DEMO}:{walk}" if walk else DEMO
    if spec not in DEMO_WALKS:
        raise _unknown(spec)
    return StandInSource(spec, DEMO_WALKS[spec], options.loop, options.driver)


def _open_phone_or_demo(_: str, options: OpenOptions) -> Source:
    try:
        connected, reason = bool(list_devices()), "no phone found"
    except LidarliveError:
        connected, reason = False, "no phone found: usbmuxd is not running"
    if connected:
        return _open_phone("", options)
    return StandInSource(DEMO, f"{DEMO_WALKS[DEMO]} ({reason})", options.loop, options.driver)


def _open_path(path: str, options: OpenOptions) -> Source:
    if options.replay and is_recording(Path(path)):
        return ReplaySource(Recording(path))
    if Path(path).is_dir():
        Dataset(path)  # raises if it contains no recording
    return StandInSource(path, Path(path).name, options.loop, options.driver)


# By the first word of a spec; the text after its colon is the opener's first argument. All other specs are paths.
SOURCES: dict[str, Opener] = {"auto": _open_phone_or_demo, "usb": _open_phone, "demo": _open_demo}
WITH_ARGUMENT = {"usb": "SERIAL", "demo": "2"}


def known_specs() -> str:
    """List the specs for help and messages: `auto, usb, usb:SERIAL, demo, demo:2`."""
    return ", ".join(f"{word}, {word}:{WITH_ARGUMENT[word]}" if word in WITH_ARGUMENT else word for word in SOURCES)


def open_source(
    spec: str, *, driver: str | None = None, loop: bool = True, wait: bool = True, replay: bool = False
) -> Source:
    """Open `auto`, `usb`, `usb:SERIAL`, `demo`, or the path of a recording, a data set, a .r3d or a .wire file.

    `auto` is the phone if one is connected, else the demo room; `demo:2` is a second walk through that room.
    The options are those of OpenOptions.

    Raises LidarliveError if `spec` is none of these, or the driver is unknown or not installed.
    """
    options = OpenOptions(driver, loop, wait, replay)
    phone_driver(driver)  # reject an unknown driver even for sources that need none
    word, colon, argument = spec.partition(":")
    if word in SOURCES and (not colon or word in WITH_ARGUMENT):
        return SOURCES[word](argument, options)
    if not Path(spec).exists():
        raise _unknown(spec)
    return _open_path(spec, options)


def demo_walk(label: str) -> str:
    """Return the spec of the walk that a source with this label plays; empty if it is not the demo room."""
    if label == DEMO_WALKS[SECOND_WALK]:
        return SECOND_WALK
    return DEMO if label.startswith(DEMO_WALKS[DEMO]) else ""


def _unknown(spec: str) -> LidarliveError:
    return LidarliveError(f"--source must be {known_specs()} or a path that exists. Received: {spec!r}")
