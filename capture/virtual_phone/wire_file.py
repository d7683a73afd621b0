"""`.wire` files: what a connection to a phone carried, message after message."""

from __future__ import annotations

from pathlib import Path

from capture.errors import LidarliveError
from capture.protocol.wire import FRAME_HEADER, PEERTALK_HEADER, consistent_header, message_size


def message_spans(path: Path) -> list[tuple[int, int]]:
    """(offset, size) of each whole message in a file of concatenated messages, by their PeerTalk headers alone.

    The bodies may hold anything, and so may the bytes after the last whole message: a stream that somebody saved is
    played as it came. A file that holds no whole message is one span.

    Raises LidarliveError where the file cannot be read or does not begin with the header of a message.
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
    """Whether a file holds messages whose headers agree, from its first byte to its last, as a torn one does not."""
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
