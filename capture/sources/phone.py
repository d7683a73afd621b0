"""Base class of the drivers: finds a phone, connects, streams, and reconnects until it is closed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.protocol.parser import DamageKind
from capture.sources.arrivals import ArrivalCounter, Arrivals
from capture.sources.base import Source
from capture.sources.frame_gaps import FrameGaps
from capture.usb.usbmuxd import Device, list_devices

SILENCE_S = 5.0  # reconnect to a phone that sends nothing for this long
RETRY_S = 0.5  # between connection attempts
POLL_S = 0.1  # interval at which a wait checks whether the source was closed


def _never() -> bool:
    return False


class PhoneSource(Source):
    """Frames of one phone, in order, across crashes and reconnects.

    `name` is the driver's name. Iterating checks for `close` every POLL_S. With `wait`, iterating waits for a phone
    that is not connected or whose app does not stream; without, that raises LidarliveError before the first frame.
    `is_over` returns whether no more frames can follow: a phone may always reconnect, a stand-in at its end does not.
    """

    kind = "phone"
    name: str

    def __init__(
        self,
        label: str,
        serial: str | None = None,
        address: str | None = None,
        wait: bool = True,
        is_over: Callable[[], bool] = _never,
    ) -> None:
        super().__init__(label, self.name)
        self._serial, self._address, self._wait, self._is_over = serial, address, wait, is_over
        self._next_index = 0
        self._connected_before = self._has_frames = False
        self._gaps = FrameGaps()
        self._arrived = ArrivalCounter()

    def __iter__(self) -> Iterator[Frame]:
        while not self.closed:
            try:
                phone = self._find_phone()
                self.set_state(
                    "connecting", "connecting again" if self._connected_before else "connecting to the phone"
                )
                with closing(self._one_connection(phone)) as frames:
                    for frame in frames:
                        self.count_lost("phone_dropped", self._gaps.add(frame))
                        self._arrived.intact_frame()
                        self._has_frames = True
                        yield frame
            except LidarliveError as error:
                if not self._wait and not self._connected_before:
                    raise
                self._arrived.disconnected()
                self.set_state("waiting", str(error))
            if self._is_over():
                break
            self.wait(RETRY_S)
        is_unexplained = self.state.name == "waiting" and not self._has_frames
        self.set_state("ended", self.state.detail if is_unexplained else "")

    @abstractmethod
    def _one_connection(self, phone: Device) -> Generator[Frame]:
        """Yield frames until the connection ends for any reason. Raises LidarliveError if it cannot be made."""

    def arrivals(self) -> Arrivals | None:
        return self._arrived.snapshot()

    def possibly_lost(self) -> int:
        return self._gaps.possibly_lost

    def _find_phone(self) -> Device:
        phones = list_devices(self._address)
        if not phones:
            raise LidarliveError("no phone found: connect the iPhone with a USB cable, unlock it and tap Trust")
        for phone in phones:
            if self._serial in (None, phone.serial):
                return phone
        connected = ", ".join(phone.serial for phone in phones)
        raise LidarliveError(f"no phone with the serial {self._serial}; connected: {connected}")

    def _note_connected(self) -> None:
        if self._connected_before:
            # The number of frames sent meanwhile is unknown: at least one.
            self._next_index += 1
            self.count_lost("disconnected", 1)
        self._connected_before = True
        self._gaps.restart()
        self._arrived.connected()
        self.set_state("streaming")

    def _note_end(self, reason: str) -> None:
        self.set_state("waiting", f"{reason}; connecting again")

    def _note_hang_up(self, reason: str) -> None:
        """Note that the phone's side ended the stream."""
        self._arrived.ended(reason)
        self._note_end(reason)

    def _note_refused(self, kind: DamageKind, reason: str, count: int = 1) -> None:
        """Count messages that are no intact frame as lost, all but their indices."""
        self._arrived.refused(kind, reason, count)
        self.count_lost("oversized" if kind == "oversized" else "corrupt", count)
