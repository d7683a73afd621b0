"""A capture process that dies: how it ended is explained, and nothing that it printed reaches the terminal."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from capture.library_output import redirect_output
from capture.sources.record3d import child as child_module
from capture.sources.record3d.child import Child
from capture.sources.record3d.driver import Record3dSource
from capture.sources.record3d.process import ChildEvent
from capture.sources.record3d.relay import Relay
from capture.usb.remedies import Problem
from tests.support.phones import phone
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.phone, pytest.mark.usefixtures("record3d_package")]

Target = Callable[[Connection, str, int, str, str, Path], None]


def aborts(pipe: Connection, ring: str, ring_bytes: int, serial: str, address: str, output: Path) -> None:
    """Child: do as a C++ exception does."""
    redirect_output(output)
    pipe.send(ChildEvent("connected"))
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n")
    ctypes.CDLL(None).abort()


def raises(pipe: Connection, ring: str, ring_bytes: int, serial: str, address: str, output: Path) -> None:
    """Child: end by an exception."""
    redirect_output(output)
    raise ImportError("libGL.so.1: cannot open shared object file")


def hangs_up(pipe: Connection, ring: str, ring_bytes: int, serial: str, address: str, output: Path) -> None:
    """Child: end as it does when the phone closes the stream."""
    redirect_output(output)
    print("bye", flush=True)
    os._exit(0)


def is_killed(pipe: Connection, ring: str, ring_bytes: int, serial: str, address: str, output: Path) -> None:
    """Child: end as the system ends a process when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("target", "crash"),
    [
        (aborts, "the package record3d crashed (SIGABRT): what():  std::bad_alloc"),
        (
            raises,
            "the package record3d ended with exit status 1: ImportError: libGL.so.1: cannot open shared object file",
        ),
        (is_killed, "the package record3d was killed, as systems do when memory is short"),
        (hangs_up, ""),
    ],
)
def test_how_it_ended(
    target: Target,
    crash: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(child_module, "capture_process", target)
    caplog.set_level(logging.INFO, "lidarlive.capture")
    with Relay(f"UNIX:{tmp_path}/nobody") as relay:
        child = Child.start("abc", relay, tmp_path / "output", 0)
        child.process.join(60)
        assert child.crash() == crash
        child.end()
    assert capfd.readouterr() == ("", "")
    words = crash.rpartition("): ")[2] if target is aborts else ""
    assert words in "\n".join(caplog.messages), "what it printed is in the log"
    if target is hangs_up:
        assert caplog.messages == ["capture process: bye"]


def test_a_package_that_crashes_again_and_again(
    wire_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The advice is the other driver, whichever signal it was."""
    monkeypatch.setattr(child_module, "capture_process", aborts)
    with phone(wire_file) as stand_in, Record3dSource("iPhone", address=stand_in.address) as source:
        frames = iter(source)
        source_closed_s = time.monotonic() + 60

        def closes_when_explained() -> bool:
            arrivals = source.arrivals()
            return (arrivals is not None and arrivals.crashes > 1) or time.monotonic() > source_closed_s

        monkeypatch.setattr(source, "wait", lambda seconds: closes_when_explained() and source.close())
        assert next(frames, None) is None
        diagnosis = source.diagnosis(patience_s=0)
    assert diagnosis is not None
    assert diagnosis.problem is Problem.CRASHED
    assert diagnosis.found == "the package record3d crashed (SIGABRT): what():  std::bad_alloc, 2 times"
    assert "--driver native" in diagnosis.fix
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of this kind")
def test_an_interrupt_does_not_reach_it(wire_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is sent to the whole process group, also while the child is still being started."""
    with phone(wire_file, faults=["silent@0:100"]) as stand_in, Relay(stand_in.address) as relay:
        child = Child.start("LIDARLIVE-STAND-IN-0001", relay, wire_file.parent / "output", 0)
        assert child.process.pid is not None
        os.kill(child.process.pid, signal.SIGINT)
        wait_until(child.pipe.poll, "its first message")
        os.kill(child.process.pid, signal.SIGINT)
        assert child.pipe.recv().kind == "connected"
        assert child.process.is_alive()
        child.end()
    assert capfd.readouterr() == ("", "")
