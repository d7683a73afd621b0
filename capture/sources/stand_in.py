"""The demo room and files as a live source: a stand-in phone plays them over the same USB path as a real phone."""

from __future__ import annotations

from collections.abc import Iterator

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.sources.arrivals import Arrivals
from capture.sources.base import Source, SourceState
from capture.sources.drivers import phone_driver
from capture.sources.phone import POLL_S
from capture.virtual_phone.process import PhoneProcess


class StandInSource(Source):
    """A stand-in phone in a child process, read by the same driver as a real phone."""

    kind = "stand_in"

    def __init__(self, what: str, label: str, loop: bool, driver: str | None = None) -> None:
        phone = phone_driver(driver)
        super().__init__(label, phone.name)
        self._phone = PhoneProcess(what, loop=loop)
        self._stream = phone(label, address=self._phone.address, is_over=self._is_over)
        self._begun = self._playing = False

    def __iter__(self) -> Iterator[Frame]:
        self._begun = True
        if self.closed:
            return
        with self._phone:
            self._phone.start()
            if self._wait_until_prepared():
                self._playing = True
                yield from self._stream

    def close(self) -> None:
        super().close()
        self._stream.close()
        if not self._begun:  # nothing else would remove what the phone has made
            self._phone.stop()

    @property
    def state(self) -> SourceState:
        return self._stream.state if self._playing else super().state

    def arrivals(self) -> Arrivals | None:
        return self._stream.arrivals() if self._playing else None

    def losses(self) -> dict[str, int]:
        """Losses of the driver, and the frames that the stand-in phone dropped because they were not read in time.

        The phone itself knows them better than gaps of the camera's clock, which may be gaps of the clip.
        """
        losses = {cause: count for cause, count in self._stream.losses().items() if cause != "phone_dropped"}
        dropped = self._phone.status().dropped
        return {**losses, "phone_dropped": dropped} if dropped else losses

    def possibly_lost(self) -> int:
        """Estimate of the driver minus the frames that the stand-in phone dropped, which cause the same pauses."""
        return max(0, self._stream.possibly_lost() - self._phone.status().dropped)

    def waiting_bytes(self) -> int:
        return self._stream.waiting_bytes()

    def _is_over(self) -> bool:
        return self._phone.status().state in ("ended", "failed")

    def _wait_until_prepared(self) -> bool:
        """Wait until the clip is encoded; False if the source was closed before."""
        while not self.closed:
            status = self._phone.status()
            if status.state == "ready":
                return True
            if status.state == "failed":
                raise LidarliveError(status.error)
            self.set_state("preparing", f"preparing {self.label}", status.prepared)
            self.wait(POLL_S)
        return False
