"""Settings of the whole process are made by entry points, and by nothing that a program may use as a part."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from app import platform_workarounds
from app.cli.record import RecordCommand
from app.cli.record import run as record
from app.platform_workarounds import SWITCH_INTERVAL_S, remove_qt_plugins_of_opencv, settle_process
from app.session.live_session import LiveSession
from capture.sources.opening import open_source


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    threads, interval_s = cv2.getNumThreads(), sys.getswitchinterval()
    cv2.setNumThreads(2)
    sys.setswitchinterval(0.005)
    yield
    cv2.setNumThreads(threads)
    sys.setswitchinterval(interval_s)


def settings() -> tuple[int, float]:
    return cv2.getNumThreads(), pytest.approx(sys.getswitchinterval())


def test_a_process_that_captures_switches_often_and_opencv_adds_no_threads() -> None:
    settle_process()
    assert settings() == (1, SWITCH_INTERVAL_S)


def test_a_session_changes_nothing_of_the_process(numbered: Path, tmp_path: Path) -> None:
    session = LiveSession(open_source(str(numbered), replay=True), tmp_path)
    session.start()
    session.close()
    assert settings() == (2, 0.005)


def test_the_command_that_records_does(record3d_package: None, numbered: Path, tmp_path: Path) -> None:
    record(RecordCommand(tmp_path, str(numbered), frames=1))
    assert settings() == (1, SWITCH_INTERVAL_S)


def test_only_qt_plugins_of_opencv_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/venv/site-packages/cv2/qt/plugins")
    monkeypatch.setenv("QT_QPA_FONTDIR", "/usr/share/fonts")
    remove_qt_plugins_of_opencv()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert os.environ["QT_QPA_FONTDIR"] == "/usr/share/fonts"


def test_it_names_every_other_place() -> None:
    """Who looks for a workaround finds it there."""
    document = platform_workarounds.__doc__ or ""
    for name in ("openvino_telemetry", "OPENCV_FFMPEG_LOGLEVEL", "RLIMIT_AS", "Predictor and Window"):
        assert name in document
