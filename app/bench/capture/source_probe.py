"""Receive frames from a driver and drop them: the cost of a driver alone.

`python -m app.bench.capture.source_probe DRIVER SECONDS` reads the phone at USBMUXD_SOCKET_ADDRESS for SECONDS
after its first frame, drops every frame, and prints its `Moments` as JSON: {"hands": [[number, ns], ...]}.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator

from app.bench.capture.numbered_clip import frame_number
from app.bench.capture.recording_check import Stamp
from capture import clock
from capture.frame import Frame
from capture.sources.base import Source, SourceState
from capture.sources.opening import open_source


class Stamped(Source):
    """A source around another one that stamps each frame: (number, clock.now_ns())."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.label, source.driver)
        self.hands: list[Stamp] = []
        self._source = source

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            self.hands.append((frame_number(frame), clock.now_ns()))
            yield frame

    def close(self) -> None:
        super().close()
        self._source.close()

    @property
    def state(self) -> SourceState:
        return self._source.state

    def losses(self) -> dict[str, int]:
        return self._source.losses()

    def possibly_lost(self) -> int:
        return self._source.possibly_lost()

    def waiting_bytes(self) -> int:
        return self._source.waiting_bytes()


def main(driver: str, seconds: float) -> None:
    source = Stamped(open_source("usb", driver=driver))
    end = threading.Timer(seconds, source.close)
    end.daemon = True
    with source:
        for _ in source:
            if len(source.hands) == 1:
                end.start()
    print(json.dumps({"hands": source.hands}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
