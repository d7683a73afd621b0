"""Streams that hold no intact frame, each for another reason: what tests of the diagnosis share."""

from __future__ import annotations

from capture.protocol.parser import DamageKind
from capture.virtual_phone import damage
from tests.support.frames import encoded_message, make_frame

WITHOUT_FRAMES: dict[str, tuple[str, str, str]] = {
    # fault of the stand-in phone: problem, part of what is found, part of what to do
    "silent": ("SILENT", "the phone sent nothing in ", "unlock the phone"),
    "damaged": ("DAMAGED", " frames, all damaged: ", "--save-wire"),
    "too-large": ("TOO_LARGE", " frames, all too large: 5712x4284 pixels; the limit is 12.2 megapixels", "smaller"),
    "old-app": ("OLD_APP", " frames, all in the format of Record3D 1.7 to 1.9", "update the Record3D app"),
    "garbage": ("DAMAGED", "not a Record3D stream. Received: version", "update Record3D"),
}


def whole(number: int = 0) -> bytes:
    """A message that is a frame."""
    return encoded_message(make_frame(number))


def refused(number: int = 0) -> dict[DamageKind, bytes]:
    """A message of each kind that is no frame."""
    return {
        "damaged": damage.jpeg_corrupt(whole(number)),
        "oversized": damage.too_large(whole(number)),
        "other_age": damage.old_app(whole(number)),
    }
