"""The demo room and files as a live source: the stand-in phone plays them, through the same USB path as a real one."""

from __future__ import annotations

from collections.abc import Iterator

from capture.frame import CaptureError, Frame
from capture.usb import POLL_S, UsbSource
from capture.virtual_phone.phone import PhoneProcess


class PlaybackSource(UsbSource):
    """A stand-in phone in a child process, and the real driver connected to it."""

    def __init__(self, what: str, label: str, loop: bool) -> None:
        super().__init__(label, wait=True)
        self._phone = PhoneProcess(what, loop=loop)
        self._address = self._phone.address

    def __iter__(self) -> Iterator[Frame]:
        with self._phone:
            self._phone.start()
            if self._prepared():
                yield from super().__iter__()
            self.set_state("ended")

    def over(self) -> bool:
        return self._phone.status().state in ("ended", "failed")

    def losses(self) -> dict[str, int]:
        """With the frames that the stand-in phone dropped because they were not taken in time."""
        losses = super().losses()
        dropped = self._phone.status().dropped
        return {**losses, "phone_dropped": dropped} if dropped else losses

    def _prepared(self) -> bool:
        """Wait until the clip is encoded; False where the source was closed before."""
        while not self.closed:
            status = self._phone.status()
            if status.state == "ready":
                return True
            if status.state == "failed":
                raise CaptureError(status.error)
            self.set_state("preparing", f"preparing {self.label}", status.prepared)
            self.wait(POLL_S)
        return False
