"""`lidarlive view`: open the live window. Imports Qt only in `run`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from app.cli.framework.signals import signal_handlers
from app.cli.options import WeightsOption
from app.cli.source_options import DriverOption, SourceOption
from app.platform_workarounds import settle_process
from capture import paths
from capture.errors import LidarliveError
from capture.library_output import library_output_logged
from capture.sources.opening import open_source
from model import store

OFFSCREEN_FRAMES = 90  # without a screen: three seconds of the demo, enough for the first predictions
OFFSCREEN_PICTURE = Path("lidarlive-window.png")


EXAMPLES = (
    "lidarlive  # the connected phone, else the demo room",
    "lidarlive view --source walk.r3d  # a Record3D file or a recording",
)


@dataclass(frozen=True)
class ViewCommand:
    """Open the live window: RGB, predicted depth, LiDAR depth and their difference."""

    source: SourceOption = "auto"
    driver: DriverOption = None
    weights: WeightsOption = None
    record: Annotated[
        str | None, typer.Option(metavar="NAME", help="record from the first frame on, under this name")
    ] = None
    frames: Annotated[int | None, typer.Option(min=1, help="close the window after this many frames")] = None
    screenshot: Annotated[Path | None, typer.Option(help="save the window as a PNG after --frames frames")] = None


def run(options: ViewCommand) -> int:
    """Open the window until it is closed, or until `frames` frames were shown. Returns the exit status.

    If the active weights are missing or damaged, the window opens without prediction and shows the reason. Raises
    LidarliveError if the source cannot be opened or the named weights do not exist.
    """
    if not _has_screen():
        print("There is no screen: running without one for a few seconds.", file=sys.stderr)
        frames, screenshot = options.frames or OFFSCREEN_FRAMES, options.screenshot or OFFSCREEN_PICTURE
        with _environment("QT_QPA_PLATFORM", "offscreen"):
            return _open_window(replace(options, frames=frames, screenshot=screenshot))
    if options.screenshot is not None and options.frames is None:
        options = replace(options, frames=OFFSCREEN_FRAMES)
    return _open_window(options)


def _open_window(options: ViewCommand) -> int:
    named = options.weights
    folder, weights_error = (store.find(named), "") if named is not None else weights_in_use()

    from app.session.connection_check import connection_check_of
    from app.session.live_session import LiveSession
    from app.window.application import application, log_qt_messages
    from app.window.main_window import Window
    from app.window.sources.switch import spec_of

    settle_process()
    recordings = paths.recordings_folder()
    log_qt_messages()
    qt = application()
    opened = open_source(options.source, driver=options.driver, replay=options.record is None)
    session = LiveSession(opened, recordings, folder, weights_error)
    checkup = connection_check_of(opened, options.source)
    window = Window(
        session,
        recordings,
        spec=spec_of(opened, options.source),
        checkup=checkup,
        driver=options.driver,
        end_after=options.frames,
        screenshot=options.screenshot,
    )
    with library_output_logged(), signal_handlers(lambda *_: window.close(), signal.SIGINT, signal.SIGTERM):
        session.start()
        if options.record is not None:
            session.start_recording(options.record)
        window.show()
        qt.exec_()
    status = session.status()
    if status.state == "failed":
        raise LidarliveError(status.detail)
    if options.screenshot is not None:
        print(f"The picture of the window: {options.screenshot.resolve()}")
    return 3 if status.recording is not None and status.recording.lost else 0


def weights_in_use() -> tuple[Path | None, str]:
    """Return the folder of the active version or of the starter, and an error message if neither can be found."""
    try:
        return store.active(), ""
    except LidarliveError as error:
        return None, str(error)


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable that is not set, and remove it afterwards."""
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
