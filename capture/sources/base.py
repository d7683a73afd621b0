"""Base class of everything that yields frames: a phone, the stand-in phone playing a file, or a replayed recording."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from capture.frame import Frame
from capture.sources.arrivals import PATIENCE_S, Arrivals, Diagnosis, diagnose

StateName = Literal["preparing", "connecting", "streaming", "waiting", "ended", "failed"]
SourceKind = Literal["phone", "stand_in", "replay", "other"]

logger = logging.getLogger("lidarlive.capture")


@dataclass(frozen=True)
class OpenOptions:
    """Options for opening a source.

    driver  `record3d`, `native`, or None for the default of this computer
    loop    the demo room and files restart at their end
    wait    wait for a phone that is not connected; otherwise iterating raises LidarliveError
    replay  play a single recording as a ReplaySource, which can pause and seek, instead of through the stand-in phone
    """

    driver: str | None = None
    loop: bool = True
    wait: bool = True
    replay: bool = False


@dataclass(frozen=True)
class SourceState:
    """State of a source. `detail` is one line for the user; `prepared` the share of the preparation done, 0 to 1."""

    name: StateName
    detail: str = ""
    prepared: float = 0.0


class Source(ABC):
    """Context manager that yields frames. One thread iterates; any thread may `close` it or read its state.

    Frames are yielded in order and with increasing `index`; a gap is a loss, counted in `losses` by cause. Frames that
    the phone itself dropped are counted too, as `phone_dropped`, and leave no gap. `driver` reads the phone's stream:
    `record3d`, `native`, or empty if there is no phone. `kind`: a phone on USB, the stand-in phone, a replayed
    recording, or other.
    """

    kind: SourceKind = "other"
    recordable = True  # False: the frames come from a recording already

    def __init__(self, label: str, driver: str = "") -> None:
        self.label, self.driver = label, driver
        self._closed = threading.Event()
        self._state = SourceState("connecting")
        self._losses: Counter[str] = Counter()
        self._lock = threading.Lock()

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until the source is closed or has no more. Raises LidarliveError if there can be none."""

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration within a tenth of a second; callable from any thread."""
        self._closed.set()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep until `seconds` have passed or the source is closed."""
        self._closed.wait(seconds)

    @property
    def state(self) -> SourceState:
        return self._state

    def set_state(self, name: StateName, detail: str = "", prepared: float = 0.0) -> None:
        if (name, detail) != (self._state.name, self._state.detail):
            logger.info("%s: %s%s", self.label, name, f", {detail}" if detail else "")
        self._state = SourceState(name, detail, prepared)

    def arrivals(self) -> Arrivals | None:
        """What has arrived since the newest intact frame; None while no phone is connected."""
        return None

    def diagnosis(self, patience_s: float = PATIENCE_S) -> Diagnosis | None:
        """Why no intact frame has arrived for `patience_s`; None while frames arrive or no phone is connected."""
        arrivals = self.arrivals()
        return None if arrivals is None or arrivals.waited_s < patience_s else diagnose(arrivals)

    def losses(self) -> dict[str, int]:
        """Frames lost so far, by cause."""
        with self._lock:
            return dict(self._losses)

    def possibly_lost(self) -> int:
        """Frames that may have been lost before USB, estimated from pauses between arrivals; not part of `losses`.

        Between frames timed by the camera's clock only pauses of more than a second count: other losses are certain.
        """
        return 0

    def waiting_bytes(self) -> int:
        """Bytes received and not yet decoded; grows while the computer is too busy."""
        return 0

    def count_lost(self, cause: str, count: int) -> None:
        if count:
            with self._lock:
                self._losses[cause] += count
