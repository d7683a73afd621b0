"""`lidarlive view`: the window over a live session."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from capture import paths
from capture.errors import LidarliveError
from capture.sources.opening import open_source
from model import store

OFFSCREEN_FRAMES = 90  # without a screen: three seconds of the demo, enough for the first predictions
OFFSCREEN_PICTURE = Path("lidarlive-window.png")


def run(
    source: str,
    driver: str | None,
    weights: str | None,
    record: str | None,
    frames: int | None,
    screenshot: Path | None,
) -> int:
    """Open the window until it is closed, or until `frames` frames were shown. Returns the exit status.

    Weights in use that are gone or damaged leave the view without prediction, and it says why. Raises LidarliveError
    where the source cannot be opened or there are no weights of the name given.
    """
    if not _has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        frames, screenshot = frames or OFFSCREEN_FRAMES, screenshot or OFFSCREEN_PICTURE
        print("There is no screen here: running without one for a few seconds.", file=sys.stderr)
    if screenshot is not None and frames is None:
        frames = OFFSCREEN_FRAMES
    folder, weights_error = (store.find(weights), "") if weights is not None else weights_in_use()

    from app.session.connection_check import connection_check_of
    from app.session.live_session import LiveSession
    from app.window.application import application
    from app.window.main_window import Window
    from app.window.sources.switch import spec_of

    recordings = paths.recordings_folder()
    qt = application()
    opened = open_source(source, driver=driver, replay=record is None)
    session = LiveSession(opened, recordings, folder, weights_error)
    checkup = connection_check_of(opened, source)
    window = Window(
        session,
        recordings,
        spec=spec_of(opened, source),
        checkup=checkup,
        driver=driver,
        end_after=frames,
        screenshot=screenshot,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    session.start()
    if record is not None:
        session.start_recording(record)
    window.show()
    qt.exec_()
    status = session.status()
    if status.state == "failed":
        raise LidarliveError(status.detail)
    if screenshot is not None:
        print(f"The picture of the window: {screenshot.resolve()}")
    return 3 if status.recording is not None and status.recording.lost else 0


def weights_in_use() -> tuple[Path | None, str]:
    """The folder of the active version, or of the starter; and what is wrong where that cannot be told."""
    try:
        return store.active(), ""
    except LidarliveError as error:
        return None, str(error)


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
