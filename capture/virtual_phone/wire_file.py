"""`.wire` files: the bytes of a connection to a phone, message after message."""

from __future__ import annotations

from pathlib import Path

from capture.errors import LidarliveError
from capture.protocol.wire import FRAME_HEADER, PEERTALK_HEADER, consistent_header, message_size


def message_spans(path: Path) -> list[tuple[int, int]]:
    """Return (offset, size) of each complete message in the file, according to the PeerTalk headers alone.

    The bodies, and the bytes after the last complete message, may be anything: a saved stream is played as received. A
    file without a complete message is one span.

    Raises LidarliveError if the file cannot be read or does not begin with the header of a message.
    """
    spans: list[tuple[int, int]] = []
    try:
        end = path.stat().st_size
        with path.open("rb") as file:
            offset = 0
            while (size := message_size(file.read(PEERTALK_HEADER.size))) and offset + size <= end:
                spans.append((offset, size))
                offset += size
                file.seek(offset)
    except OSError as error:
        raise LidarliveError(f"{path} cannot be read: {error.strerror}") from error
    if not spans and size is None:
        raise LidarliveError(f"{path} does not begin with a Record3D frame. Play a file that --save-wire made")
    return spans or [(0, end)]


def is_complete(path: Path) -> bool:
    """Whether the file consists of messages with consistent headers up to its last byte; a torn file does not."""
    end = 0
    try:
        with path.open("rb") as file:
            for offset, size in message_spans(path):
                file.seek(offset)
                header = consistent_header(file.read(min(size, PEERTALK_HEADER.size + FRAME_HEADER.size)))
                end = offset + PEERTALK_HEADER.size + header.body_bytes
        return end == path.stat().st_size
    except (OSError, ValueError, LidarliveError):
        return False
