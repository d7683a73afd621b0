"""Fixtures that many test files share."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from model.jobs.worker import prepare_tensorflow
from tests.support import leaks
from tests.support.frames import make_frame, write_recording
from tests.support.paths import REAL_DATA
from tests.support.phones import write_wire
from tests.support.priorities import keep_equal
from tests.support.requirements import skip_or_fail
from tests.support.shared import shared_folder

if TYPE_CHECKING:  # Qt is for those tests alone that show something
    from pytestqt.qtbot import QtBot

    from app.session.live_session import LiveSession
    from app.window.main_window import Window
    from tests.support.scenes import Training

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
prepare_tensorflow()  # for tests that import it themselves

# A busy computer may take its time over one example. `fast` is for daily work, the default for everything else.
settings.register_profile("full", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=15)
settings.load_profile("full")


# A test is marked by what it asks for; other marks stand in the test files.
MARKS = {
    "record3d_package": "phone",
    "session": "phone",
    "x_display": "display",
    "real_data": "real_data",
    "trained": "trainer",
    "tiny": "trainer",
}


def pytest_configure() -> None:
    leaks.watch_shared_memory()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where trainers are deselected, do not even import files of nothing else: each would import TensorFlow."""
    wanted = config.option.markexpr
    if not (wanted.startswith("not") and "trainer" in wanted) or collection_path.suffix != ".py":
        return None
    _, _, marks = collection_path.read_text(encoding="utf-8").partition("\npytestmark = ")
    return True if "pytest.mark.trainer" in marks.partition("\n\n")[0] else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures, and order their files."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKS:
                item.add_marker(MARKS[fixture])
    rank = {path: i for i, path in enumerate(_in_order(items))}
    items.sort(key=lambda item: rank[item.path])


def _in_order(items: list[pytest.Item]) -> list[Path]:
    """Return the files: two that train, then one that waits for a phone or a window, and so on; the short ones last.

    The processor's cores are busy throughout this way, and all workers end together.
    """
    marks = ("slow", *MARKS.values())
    marked = {mark: {item.path for item in items if item.get_closest_marker(mark)} for mark in marks}
    files = sorted({item.path: None for item in items}, key=lambda path: path not in marked["slow"])
    waiting = [path for path in files if path in marked["phone"] | marked["display"] and path not in marked["trainer"]]
    long = [path for path in files if path in marked["slow"] | marked["trainer"] and path not in waiting]
    mixed: list[Path] = []
    while long or waiting:
        mixed += [*long[:2], *waiting[:1]]
        del long[:2], waiting[:1]
    return mixed + [path for path in files if path not in mixed]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings beside the checkout."""
    folder = REAL_DATA
    if not folder.is_dir():
        skip_or_fail(f"real recordings are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def record3d_package() -> None:
    """Needed by whatever connects through the real driver."""
    if importlib.util.find_spec("record3d") is None:
        skip_or_fail("the package record3d is not installed")


@pytest.fixture(scope="session", autouse=True)
def _session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what session fixtures make away from a person's own files too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIDARLIVE_HOME", str(tmp_path_factory.mktemp("session-home")))
        yield


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Fail a test that leaves threads, child processes, sockets or shared memory behind."""
    with leaks.no_leaks():
        yield


@pytest.fixture(autouse=True)
def _equal_priorities(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give threads and trainers the test's own priority, except where priorities are tested."""
    if request.node.get_closest_marker("priorities") is None:
        keep_equal(monkeypatch)


@pytest.fixture(autouse=True)
def _same_random_numbers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the generator RNG of a test file over for each test, so that the order of tests does not matter."""
    if hasattr(request.module, "RNG"):
        monkeypatch.setattr(request.module, "RNG", np.random.default_rng(0))


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches a person's recordings, weights or phone."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LIDARLIVE_HOME", str(home))
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", f"UNIX:{home}/no-usbmuxd")
    return home


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 60 frames, 240x320 RGB; every part of a frame gives the frame's number. Not to be changed."""
    frames = [make_frame(i, rgb_size=(240, 320), depth_size=(192, 256)) for i in range(60)]
    return write_recording(tmp_path_factory.mktemp("numbered"), "numbered", frames)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """One whole training of preset fast on two small recordings, shared by all workers. Not to be changed."""
    from tests.support.scenes import Training, train_scenes

    return Training.read(shared_folder(tmp_path_factory, "trained", train_scenes))


@pytest.fixture(scope="session")
def wire_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 messages of 240x320, each unlike the others in all its parts."""
    return write_wire(tmp_path_factory.mktemp("wire") / "frames.wire")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 96 MB: what it holds, and how it fails, is up to the test."""
    path = tmp_path / "disk"
    path.mkdir()
    if sys.platform != "linux":
        pytest.skip("tmpfs is Linux's")
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        skip_or_fail("a tmpfs cannot be mounted here: it takes root")
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.fixture
def x_display() -> Iterator[str]:
    """A real X server on a screen that nobody sees."""
    if shutil.which("Xvfb") is None:
        skip_or_fail("Xvfb is not installed")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield f":{server.stdout.readline().strip()}"
        finally:
            server.terminate()


@pytest.fixture
def session(record3d_package: None, numbered: Path, tmp_path: Path) -> Iterator[LiveSession]:
    """Over the stand-in phone, which plays `numbered` round and round; not started."""
    from app.session.live_session import LiveSession
    from capture.sources.stand_in import StandInSource

    live = LiveSession(StandInSource(str(numbered), "numbered", loop=True), tmp_path / "recordings")
    yield live
    live.close()


@pytest.fixture
def window(qtbot: QtBot, session: LiveSession, tmp_path: Path) -> Iterator[Window]:
    """Open over `session`, and showing frames."""
    from app.window.application import application
    from app.window.main_window import Window

    application()
    shown = Window(session, tmp_path / "recordings")
    session.start()
    shown.resize(800, 600)
    shown.show()
    qtbot.waitUntil(lambda: shown.panels.isVisible(), timeout=30_000)
    yield shown
    shown.close()
