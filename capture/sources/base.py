"""Where frames come from: a phone, or the stand-in phone playing the demo room or a file, all through one protocol."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from capture.frame import CaptureError, Frame


@dataclass(frozen=True)
class SourceState:
    """`name` is preparing, connecting, streaming, waiting, ended or failed; `detail` one line for the person."""

    name: str
    detail: str = ""
    prepared: float = 0.0


class Source(ABC):
    """A context manager that yields frames. One thread iterates; any thread may `close` it or read its state.

    Frames come in order and with increasing `index`; a gap is a loss, counted in `losses` by cause. `driver` is what
    reads the phone's stream, `record3d` or `native`.
    """

    recordable = True  # False: what it gives lies on this computer already

    def __init__(self, label: str, driver: str = "") -> None:
        self.label, self.driver = label, driver
        self._closed = threading.Event()
        self._state = SourceState("connecting")
        self._losses: Counter[str] = Counter()
        self._lock = threading.Lock()

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source is closed or has no more. Raises CaptureError where there can be none."""

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

    def set_state(self, name: str, detail: str = "", prepared: float = 0.0) -> None:
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


def open_source(
    spec: str, *, driver: str | None = None, loop: bool = True, wait: bool = True, replay: bool = False
) -> Source:
    """`auto`, `usb`, `usb:SERIAL`, `demo`, or the path of a recording or a .r3d file.

    `auto` is the phone where one is connected, else the demo room. `driver` is `record3d`, `native`, or None for this
    computer's own. `loop`: the demo and files go round for ever. `wait`: a phone that is not there is waited for.
    `replay`: a single recording comes as a ReplaySource, which can be paused and sought, and not by the stand-in phone.

    Raises CaptureError where `spec` is none of these, or the driver is not there.
    """
    from capture.recording import Dataset, Recording
    from capture.sources.drivers import phone_driver
    from capture.sources.replay import ReplaySource
    from capture.sources.stand_in import PlaybackSource
    from capture.storage.layout import is_recording
    from capture.usb.usbmuxd import list_devices

    phone = phone_driver(driver)
    if spec == "auto":
        try:
            found = bool(list_devices())
            reason = "no phone found"
        except CaptureError:
            found, reason = False, "no phone found: usbmuxd is not running"
        return phone("iPhone", wait=wait) if found else PlaybackSource("demo", f"Demo room ({reason})", loop, driver)
    if spec == "usb":
        return phone("iPhone", wait=wait)
    if spec.startswith("usb:"):
        serial = spec[len("usb:") :]
        return phone(f"iPhone {serial}", serial=serial, wait=wait)
    if spec == "demo":
        return PlaybackSource("demo", "Demo room", loop, driver)
    if not Path(spec).exists():
        raise CaptureError(f"--source must be auto, usb, usb:SERIAL, demo or a path that exists. Received: {spec!r}")
    if replay and is_recording(Path(spec)):
        return ReplaySource(Recording(spec))
    if Path(spec).is_dir():
        Dataset(spec)
    return PlaybackSource(spec, Path(spec).name, loop, driver)
