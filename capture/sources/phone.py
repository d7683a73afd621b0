"""What every driver of a phone shares: find it, connect, stream, and connect again for as long as anyone listens."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.sources.arrival_gaps import Arrivals
from capture.sources.base import Source
from capture.usb.usbmuxd import Device, list_devices

SILENCE_S = 5.0  # a connected phone that sends nothing for this long is connected to anew
RETRY_S = 0.5  # between attempts
POLL_S = 0.1  # how soon a wait notices that the source was closed


def _never() -> bool:
    return False


class PhoneSource(Source):
    """Frames of one phone, in order, across crashes and reconnects.

    `name` is the driver's. Iterating blocks at most POLL_S between looks at `close`. With `wait` a phone that is not
    there (or whose app does not stream) is waited for; without, that raises LidarliveError before the first frame.
    `over` answers whether no more frames can come: a phone may always come back, a stand-in at its end does not.
    """

    kind = "phone"
    name: str

    def __init__(
        self,
        label: str,
        serial: str | None = None,
        address: str | None = None,
        wait: bool = True,
        over: Callable[[], bool] = _never,
    ) -> None:
        super().__init__(label, self.name)
        self._serial, self._address, self._wait, self._over = serial, address, wait, over
        self._next_index = 0
        self._connected_before = False
        self._arrivals = Arrivals()

    def __iter__(self) -> Iterator[Frame]:
        while not self.closed:
            try:
                phone = self._find_phone()
                self.set_state(
                    "connecting", "connecting again" if self._connected_before else "connecting to the phone"
                )
                with closing(self._one_connection(phone)) as frames:
                    for frame in frames:
                        self._arrivals.arrived(frame.index, frame.received_ns)
                        yield frame
            except LidarliveError as error:
                if not self._wait and not self._connected_before:
                    raise
                self.set_state("waiting", str(error))
            if self._over():
                break
            self.wait(RETRY_S)
        self.set_state("ended")

    @abstractmethod
    def _one_connection(self, phone: Device) -> Generator[Frame]:
        """Frames until the connection ends for whatever reason. Raises LidarliveError where there can be none."""

    def possibly_lost(self) -> int:
        return self._arrivals.possibly_lost

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
            # How many frames passed while nobody listened cannot be known: at least one.
            self._next_index += 1
            self.count_lost("disconnected", 1)
        self._connected_before = True
        self._arrivals.restart()
        self.set_state("streaming")

    def _note_end(self, reason: str) -> None:
        self.set_state("waiting", f"{reason}; connecting again")
