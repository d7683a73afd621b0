"""The time of capture in the misc part of a frame, which the app sends since its version 1.10.3.

An ASCII JSON document that is not terminated (the app's author in github.com/marek-simonik/record3d, issue 91):

    {"metadata": {"relativeTimestamp": 65575.52, "unixTimestampOnReceivedFrame": 1700000000.02}}

relativeTimestamp              seconds on the camera's clock at which the hardware captured the frame
unixTimestampOnReceivedFrame   the phone's time of day when the app got the frame, later by a delay that varies

Older apps send no bytes. The bytes may be anything: a frame whose time cannot be read is a frame without a time.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from capture.frame import is_time

MAX_MISC_BYTES = 16 << 10  # more is not parsed; the document has some 100 bytes


class CaptureTime(NamedTuple):
    """When a frame was captured: seconds on the camera's clock, and since 1970 on the phone's; None: unknown."""

    camera_s: float | None = None
    phone_unix_s: float | None = None


NO_TIME = CaptureTime()


def parse_misc(misc: bytes) -> CaptureTime:
    """Parse the misc part of a frame; NO_TIME if it holds none. Never raises.

    A time is a finite number from 0 to `capture.frame.MAX_TIME_S`; other values are no time, unknown keys are ignored.
    """
    if not 0 < len(misc) <= MAX_MISC_BYTES:
        return NO_TIME
    try:
        document = json.loads(misc.rstrip(b"\0"))
    except (ValueError, RecursionError):
        return NO_TIME
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict):
        return NO_TIME
    return CaptureTime(_time(metadata.get("relativeTimestamp")), _time(metadata.get("unixTimestampOnReceivedFrame")))


def encode_misc(time: CaptureTime) -> bytes:
    """Return the misc part that the app would send; no bytes if both times are unknown, as older apps do."""
    if time == NO_TIME:
        return b""
    metadata = {"relativeTimestamp": time.camera_s, "unixTimestampOnReceivedFrame": time.phone_unix_s}
    return json.dumps({"metadata": metadata}).encode("ascii")


def _time(value: object) -> float | None:
    return float(value) if is_time(value) else None
