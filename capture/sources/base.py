"""Where frames come from: a phone, or the stand-in phone playing the demo room or a file, all through one protocol."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from capture.frame import Frame

StateName = Literal["preparing", "connecting", "streaming", "waiting", "ended", "failed"]
SourceKind = Literal["phone", "stand_in", "replay"]


@dataclass(frozen=True)
class SourceState:
    """What a source does. `detail` is one line for the person; `prepared` the share that is ready, 0 to 1."""

    name: StateName
    detail: str = ""
    prepared: float = 0.0


class Source(ABC):
    """A context manager that yields frames. One thread iterates; any thread may `close` it or read its state.

    Frames come in order and with increasing `index`; a gap is a loss, counted in `losses` by cause. `driver` is what
    reads the phone's stream, `record3d` or `native`.
    """

    kind: SourceKind
    recordable = True  # False: its frames are on this computer already

    def __init__(self, label: str, driver: str = "") -> None:
        self.label, self.driver = label, driver
        self._closed = threading.Event()
        self._state = SourceState("connecting")
        self._losses: Counter[str] = Counter()
        self._lock = threading.Lock()

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source is closed or has no more. Raises LidarliveError where there can be none."""

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Make the iteration end within a tenth of a second; from any thread."""
        self._closed.set()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond `close`."""
        self._closed.wait(seconds)

    @property
    def state(self) -> SourceState:
        return self._state

    def set_state(self, name: StateName, detail: str = "", prepared: float = 0.0) -> None:
        self._state = SourceState(name, detail, prepared)

    def losses(self) -> dict[str, int]:
        """Frames lost on the way so far, by cause."""
        with self._lock:
            return dict(self._losses)

    def possibly_lost(self) -> int:
        """Frames that may have been lost before they reached USB, as pauses between arrivals tell: no certain loss."""
        return 0

    def waiting_bytes(self) -> int:
        """What has come and waits to become frames; it grows while the computer is too busy."""
        return 0

    def count_lost(self, cause: str, count: int) -> None:
        if count:
            with self._lock:
                self._losses[cause] += count
