"""The connection doctor: what stands between this computer and a phone's first frame, step by step, with the way out.

It reads the stream with our own parser, so it needs no `record3d`; and it takes BUDGET_S at most, whatever hangs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO, Literal

from capture.doctor.stream_sample import GAP, USUAL_FPS, StreamRate, StreamSample, rate_of
from capture.frame import Camera, Frame
from capture.protocol.wire import RECORD3D_PORT
from capture.sources.drivers import phone_driver
from capture.sources.record3d.driver import package_installed
from capture.usb.remedies import Problem, remedy
from capture.usb.usbmuxd import (
    Device,
    UsbmuxdError,
    default_address,
    has_pair_record,
    list_all_devices,
    open_tunnel,
    socket_path,
)

BUDGET_S = 8.5  # for all steps; with starting the program it stays under the 10 s that a person may wait
ANSWER_S = 2.0  # usbmuxd answers in milliseconds, the phone to a connection in tenths of a second
FIRST_FRAME_S = 3.0  # the app sends as soon as it is connected to
SAMPLE_S = 3.0  # 90 or 180 frames: enough to tell a rate and to see it falter

LOOK_STEPS = ("drivers", "usbmuxd", "reachable", "phone", "trusted")
STREAM_STEPS = ("app streaming", "first frame", "rate", "pictures")

State = Literal["ok", "failed", "warning", "skipped"]


@dataclass(frozen=True)
class Step:
    """One thing looked at: what was `found`, and in `fix` what to do about it, empty where nothing is to be done.

    A step that `failed` ends the examination; the stream may come all the same after a `warning`. `measured` holds
    what a script would want as numbers.
    """

    name: str
    state: State
    found: str = ""
    fix: str = ""
    measured: dict[str, Any] = field(default_factory=dict)


def examine(address: str | None = None, serial: str | None = None, wire: BinaryIO | None = None) -> Iterator[Step]:
    """Every step from this computer to the pictures, each as soon as it is known; after a failed one all are skipped.

    Takes the phone's stream for a few seconds: the app serves one program at a time. `address` as in
    USBMUXD_SOCKET_ADDRESS, `serial` one phone of several, `wire` gets the stream's bytes as they are received.

    Raises LidarliveError where `wire` cannot be written.
    """
    deadline_s = time.monotonic() + BUDGET_S
    return _until_failure(_all_steps(address or default_address(), serial, wire, deadline_s), LOOK_STEPS + STREAM_STEPS)


def look(address: str | None = None, serial: str | None = None) -> list[Step]:
    """The steps as far as `trusted`: what can be known without taking the stream. 4 s at most, as a rule 10 ms."""
    deadline_s = time.monotonic() + BUDGET_S
    return list(_until_failure(_look_steps(address or default_address(), serial, deadline_s), LOOK_STEPS))


def _until_failure(steps: Iterator[Step], names: tuple[str, ...]) -> Iterator[Step]:
    left = list(names)
    for step in steps:
        left.remove(step.name)
        yield step
        if step.state == "failed":
            break
    yield from (Step(name, "skipped") for name in left)


def _all_steps(address: str, serial: str | None, wire: BinaryIO | None, deadline_s: float) -> Iterator[Step]:
    phone = yield from _look_steps(address, serial, deadline_s)
    if phone is None:
        return
    begun_s = time.monotonic()
    try:
        tunnel = open_tunnel(phone, RECORD3D_PORT, address, _at_most(ANSWER_S, deadline_s))
    except UsbmuxdError as error:
        yield _app_failed(error)
        return
    with tunnel:
        yield Step("app streaming", "ok", f"port {RECORD3D_PORT} of the phone is open")
        sample = StreamSample(tunnel, wire)
        sample.listen(min(deadline_s, time.monotonic() + FIRST_FRAME_S), for_first=True)
        if sample.first is None:
            yield _no_frame(sample)
            return
        yield Step("first frame", "ok", f"came after {(sample.arrived_s[0] - begun_s) * 1000:.0f} ms")
        sample.listen(min(deadline_s, time.monotonic() + SAMPLE_S))
    yield _rate(sample)
    yield _pictures(sample.first)


def _look_steps(address: str, serial: str | None, deadline_s: float) -> Generator[Step, None, Device | None]:
    """Returns the phone to connect to, or None after a failed step."""
    yield _drivers()
    try:
        devices = list_all_devices(address, _at_most(ANSWER_S, deadline_s))
    except UsbmuxdError as error:
        there = _is_there(address, error)
        if there:
            yield Step("usbmuxd", "ok", f"something is at {address}")
        yield Step("reachable" if there else "usbmuxd", "failed", error.found, remedy(error.problem))
        return None
    yield Step("usbmuxd", "ok", f"it is at {address}")
    yield Step("reachable", "ok", "it answers")
    phone, step = _phone(devices, serial)
    yield step
    if phone is not None:
        yield _trusted(phone, address, _at_most(ANSWER_S, deadline_s))
    return phone


def _is_there(address: str, error: UsbmuxdError) -> bool:
    """Whether there is a socket or a port at `address` at all, though `error` came of it."""
    path = socket_path(address)
    if path is not None:
        return os.path.exists(path)  # unlike Path.exists, never raises
    return not (error.problem is Problem.BAD_ADDRESS or isinstance(error.__cause__, ConnectionRefusedError))


def _drivers() -> Step:
    chosen = phone_driver().name
    try:
        official = f"record3d {version('record3d')}" if package_installed() else "no record3d"
    except PackageNotFoundError:  # it can be imported, but nobody installed it
        official = "record3d"
    found = f"{official}, and lidarlive's own; {chosen} is used"
    fix = "" if package_installed() else remedy(Problem.NO_RECORD3D)
    return Step("drivers", "warning" if fix else "ok", found, fix)


def _phone(devices: list[Device], serial: str | None) -> tuple[Device | None, Step]:
    """The phone to connect to, if there is one: that with `serial`, else the first on USB."""
    on_usb = [device for device in devices if device.over_usb]
    if not on_usb:
        if devices:
            found = f"{devices[0].serial} is connected over the network only"
            return None, Step("phone", "failed", found, remedy(Problem.OVER_NETWORK))
        return None, Step("phone", "failed", "no phone is connected", remedy(Problem.NO_PHONE))
    serials = ", ".join(device.serial for device in on_usb)
    measured = {"serials": [device.serial for device in on_usb]}
    phone = next((device for device in on_usb if serial in (None, device.serial)), None)
    if phone is None:
        found = f"{serial} is not connected; connected: {serials}"
        return None, Step("phone", "failed", found, remedy(Problem.OTHER_SERIAL), measured)
    if serial is None and len(on_usb) > 1:
        return phone, Step("phone", "ok", f"{phone.serial}, the first of {serials}", measured=measured)
    return phone, Step("phone", "ok", phone.serial, measured=measured)


def _trusted(phone: Device, address: str, timeout_s: float) -> Step:
    """No failure: the tunnel to the app is usbmuxd's own, and may be opened without the keys of a pair record."""
    try:
        trusted = has_pair_record(phone, address, timeout_s)
    except UsbmuxdError as error:
        return Step("trusted", "skipped", error.found)
    if trusted is None:
        return Step("trusted", "skipped", "this usbmuxd does not say")
    if not trusted:
        return Step("trusted", "warning", "the phone does not trust this computer yet", remedy(Problem.UNTRUSTED))
    return Step("trusted", "ok", "the phone trusts this computer")


def _app_failed(error: UsbmuxdError) -> Step:
    closed = f"port {RECORD3D_PORT} of the phone is closed: its app does not stream, or to another program"
    found = closed if error.problem is Problem.NOT_STREAMING else error.found
    return Step("app streaming", "failed", found, remedy(error.problem))


def _no_frame(sample: StreamSample) -> Step:
    """Why there is no first frame: the stream is none, is damaged, or is silent."""
    if sample.damaged:
        found = f"{sample.damaged} frames, all damaged: {sample.damage}"
        return Step("first frame", "failed", found, remedy(Problem.DAMAGED))
    if sample.unreadable:
        return Step("first frame", "failed", sample.end, remedy(Problem.DAMAGED))
    came = f"{sample.received_bytes} bytes, but no whole frame" if sample.received_bytes else "nothing"
    found = f"{sample.end} and had sent {came}" if sample.end else f"the phone sent {came} in {FIRST_FRAME_S:g} s"
    return Step("first frame", "failed", found, remedy(Problem.SILENT))


def _rate(sample: StreamSample) -> Step:
    """How steadily frames came, against 30 and 60 a second."""
    frames, rate = len(sample.arrived_s), rate_of(sample.arrived_s)
    measured: dict[str, Any] = {"frames": frames, "damaged": sample.damaged}
    told = [sample.end] if sample.end else []
    if sample.damaged:
        told.append(f"{sample.damaged} damaged ({sample.damage})")
    if rate is None:
        told.insert(0, f"{frames} frames in {SAMPLE_S:g} s, too few to tell")
    else:
        measured |= rate._asdict()
        told.insert(0, f"{rate.fps:.1f} a second over {frames} frames, {_against_usual(rate)}")
        if rate.gaps:
            told.append(f"{rate.gaps} pauses of more than {GAP} intervals, the longest {rate.longest_gap_ms:.0f} ms")
    found = "; ".join(told)
    if rate is not None and rate.usual is not None and len(told) == 1:
        return Step("rate", "ok", found, measured=measured)
    hurt = sample.damaged or sample.unreadable
    problem = Problem.DAMAGED if hurt else Problem.SILENT if sample.end else Problem.UNSTEADY
    return Step("rate", "warning", found, remedy(problem), measured)


def _against_usual(rate: StreamRate) -> str:
    return f"as {rate.usual} fps should" if rate.usual else f"neither {' nor '.join(map(str, USUAL_FPS))}"


def _pictures(frame: Frame) -> Step:
    """Sizes are width x height, as in the measured [width, height]."""
    camera = "LiDAR" if frame.camera is Camera.LIDAR else "TrueDepth, which is the camera on the front"
    confidence = None if frame.confidence is None else frame.depth_size
    measured = {
        "camera": frame.camera.value,
        "rgb_size": frame.rgb_size,
        "depth_size": frame.depth_size,
        "confidence_size": confidence,
    }
    parts = f"{camera}; RGB {_size(frame.rgb_size)}, depth {_size(frame.depth_size)}"
    found = f"{parts}, {'no confidence' if confidence is None else f'confidence {_size(confidence)}'}"
    try:
        _ = frame.rgb  # whole by its markers; whether it can be decoded shows here
    except ValueError as error:
        return Step(
            "pictures", "warning", f"{found}; the first RGB picture: {error}", remedy(Problem.DAMAGED), measured
        )
    return Step("pictures", "ok", found, measured=measured)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _at_most(seconds: float, deadline_s: float) -> float:
    """`seconds`, or what is left to the deadline; never nothing, which a socket would take for `do not wait`."""
    return max(0.05, min(seconds, deadline_s - time.monotonic()))
