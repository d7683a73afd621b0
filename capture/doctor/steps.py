"""The connection doctor: checks every step between this computer and a phone's first frame and suggests fixes.

It reads the stream with our own parser, so it needs no `record3d`, and it takes at most BUDGET_S, whatever hangs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO, Literal

from capture.doctor.stream_sample import GAP, USUAL_FPS, StreamRate, StreamSample, rate_of
from capture.frame import Camera, Frame
from capture.protocol.wire import RECORD3D_PORT
from capture.sources.arrivals import diagnose
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

BUDGET_S = 8.5  # for all steps; including the program's start this is under 10 s
ANSWER_S = 2.0  # usbmuxd answers in milliseconds, the phone accepts a connection in tenths of a second
FIRST_FRAME_S = 3.0  # the app sends as soon as it is connected
SAMPLE_S = 3.0  # 90 or 180 frames: enough to measure a rate and to see it falter

LOOK_STEPS = ("drivers", "usbmuxd", "reachable", "phone", "trusted")
STREAM_STEPS = ("app streaming", "first frame", "rate", "pictures")

State = Literal["ok", "failed", "warning", "skipped"]


@dataclass(frozen=True)
class Step:
    """Result of one check: what was `found`, and what to do about it (`fix`, empty if nothing).

    A step that `failed` ends the examination; after a `warning` the stream may still arrive. `measured` contains
    the numbers for scripts.
    """

    name: str
    state: State
    found: str = ""
    fix: str = ""
    measured: dict[str, Any] = field(default_factory=dict)


def examine(address: str | None = None, serial: str | None = None, wire: BinaryIO | None = None) -> Iterator[Step]:
    """Yield every step from this computer to the pictures as soon as it is done; all after a failed one are skipped.

    Occupies the phone's stream for a few seconds: the app serves one program at a time. `address` as in
    USBMUXD_SOCKET_ADDRESS; `serial` selects one of several phones; `wire` gets the bytes of the stream as received.

    Raises LidarliveError if `wire` cannot be written.
    """
    deadline_s = time.monotonic() + BUDGET_S
    return _until_failure(_all_steps(address or default_address(), serial, wire, deadline_s), LOOK_STEPS + STREAM_STEPS)


def look(address: str | None = None, serial: str | None = None) -> list[Step]:
    """Return the steps up to `trusted`, which do not occupy the stream. Usually 10 ms, at most 4 s."""
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
        yield Step("first frame", "ok", f"arrived after {(sample.arrived_s[0] - begun_s) * 1000:.0f} ms")
        sample.listen(min(deadline_s, time.monotonic() + SAMPLE_S))
    yield _check_rate(sample)
    yield _check_pictures(sample.first)


def _look_steps(address: str, serial: str | None, deadline_s: float) -> Generator[Step, None, Device | None]:
    """Yield the steps; return the phone to connect to, or None after a failed step."""
    yield _check_drivers()
    try:
        devices = list_all_devices(address, _at_most(ANSWER_S, deadline_s))
    except UsbmuxdError as error:
        exists = _exists(address, error)
        if exists:
            yield Step("usbmuxd", "ok", f"a socket exists at {address}")
        yield Step("reachable" if exists else "usbmuxd", "failed", error.symptom, remedy(error.problem))
        return None
    yield Step("usbmuxd", "ok", f"listens at {address}")
    yield Step("reachable", "ok", "answers")
    phone, step = _select_phone(devices, serial)
    yield step
    if phone is not None:
        yield _check_trust(phone, address, _at_most(ANSWER_S, deadline_s))
    return phone


def _exists(address: str, error: UsbmuxdError) -> bool:
    """Whether a socket or an open port exists at `address`, which failed with `error`."""
    path = socket_path(address)
    if path is not None:
        return os.path.exists(path)  # unlike Path.exists, never raises
    return not (error.problem is Problem.BAD_ADDRESS or isinstance(error.__cause__, ConnectionRefusedError))


def _check_drivers() -> Step:
    selected = phone_driver().name
    try:
        official = f"record3d {version('record3d')}" if package_installed() else "no record3d"
    except PackageNotFoundError:  # importable, but not installed as a package
        official = "record3d"
    found = f"{official}, and lidarlive's own; {selected} is used"
    fix = "" if package_installed() else remedy(Problem.NO_RECORD3D)
    return Step("drivers", "warning" if fix else "ok", found, fix)


def _select_phone(devices: list[Device], serial: str | None) -> tuple[Device | None, Step]:
    """Select the phone to connect to: the one with `serial`, else the first on USB."""
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


def _check_trust(phone: Device, address: str, timeout_s: float) -> Step:
    """Check for a pair record. Never fails: usbmuxd may open the tunnel to the app without its keys."""
    try:
        trusted = has_pair_record(phone, address, timeout_s)
    except UsbmuxdError as error:
        return Step("trusted", "skipped", error.symptom)
    if trusted is None:
        return Step("trusted", "skipped", "this usbmuxd cannot answer")
    if not trusted:
        return Step("trusted", "warning", "the phone does not trust this computer yet", remedy(Problem.UNTRUSTED))
    return Step("trusted", "ok", "the phone trusts this computer")


def _app_failed(error: UsbmuxdError) -> Step:
    closed = f"port {RECORD3D_PORT} of the phone is closed: its app does not stream, or streams to another program"
    found = closed if error.problem is Problem.NOT_STREAMING else error.symptom
    return Step("app streaming", "failed", found, remedy(error.problem))


def _no_frame(sample: StreamSample) -> Step:
    """Return why there is no first frame: the stream is unreadable, of another age, damaged, too large or silent."""
    diagnosis = diagnose(replace(sample.arrivals(), waited_s=FIRST_FRAME_S))
    measured = {"problem": diagnosis.problem.name.lower()}
    return Step("first frame", "failed", diagnosis.found, diagnosis.fix, measured)


def _check_rate(sample: StreamSample) -> Step:
    """Compare the frame rate and its steadiness with 30 and 60 fps."""
    frames, rate = len(sample.times_s), rate_of(sample.times_s)
    measured: dict[str, Any] = {"frames": frames, "damaged": sample.damaged, "clock": sample.clock}
    remarks = [sample.end] if sample.end else []
    if sample.damaged:
        remarks.append(f"{sample.damaged} damaged ({sample.damage})")
    if rate is None:
        remarks.insert(0, f"{frames} frames in {SAMPLE_S:g} s, too few to measure a rate")
    else:
        measured |= rate._asdict()
        remarks.insert(0, f"{rate.fps:.1f} fps over {frames} frames, {_compare(rate)}")
        if rate.gaps:
            remarks.append(f"{rate.gaps} pauses of more than {GAP} intervals, the longest {rate.longest_gap_ms:.0f} ms")
    found = "; ".join(remarks)
    if rate is not None and rate.usual is not None and len(remarks) == 1:
        return Step("rate", "ok", found, measured=measured)
    is_damaged = sample.damaged or sample.unreadable
    problem = Problem.DAMAGED if is_damaged else Problem.SILENT if sample.end else Problem.UNSTEADY
    return Step("rate", "warning", found, remedy(problem), measured)


def _compare(rate: StreamRate) -> str:
    return f"as expected for {rate.usual} fps" if rate.usual else f"neither {' nor '.join(map(str, USUAL_FPS))}"


def _check_pictures(frame: Frame) -> Step:
    """Report the camera and the sizes, width x height, and decode the picture."""
    camera = "LiDAR" if frame.camera is Camera.LIDAR else "TrueDepth (front camera)"
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
        _ = frame.rgb  # its markers are checked already; this decodes it
    except ValueError as error:
        return Step(
            "pictures", "warning", f"{found}; the first RGB picture: {error}", remedy(Problem.DAMAGED), measured
        )
    return Step("pictures", "ok", found, measured=measured)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _at_most(seconds: float, deadline_s: float) -> float:
    """Limit `seconds` to the time before the deadline, but not to 0, which a socket takes for `do not wait`."""
    return max(0.05, min(seconds, deadline_s - time.monotonic()))
