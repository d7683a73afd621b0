"""`lidarlive emulate`: be a phone for any Record3D client."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from capture.errors import LidarliveError
from capture.virtual_phone.phone import PhoneStatus
from capture.virtual_phone.process import run_phone

REPORT_INTERVAL_S = 1.0


def emulate(
    what: str, address: str | None, fps: float | None, loop: bool, faults: list[str], send_log: Path | None
) -> int:
    """Play `what` until it ends or the person interrupts. Returns the exit status: 3 where frames were dropped.

    Raises LidarliveError where it cannot be played, nothing can listen at `address`, or a fault cannot be understood.
    """
    console = Console(stderr=True)
    announced, reported_s = False, 0.0
    with console.status("preparing") as line:

        def show(status: PhoneStatus) -> None:
            nonlocal announced, reported_s
            if status.state == "ready" and not announced:
                announced = True
                print(
                    f"playing {what}; clients find the phone with USBMUXD_SOCKET_ADDRESS={status.address}", flush=True
                )
            if time.monotonic() - reported_s > REPORT_INTERVAL_S:
                reported_s = time.monotonic()
                preparing = f"preparing {what}: {status.prepared:.0%}"
                line.update(preparing if status.state == "preparing" else _counts(status))

        final = run_phone(what, address, fps, loop, show, faults, send_log)
    if final.error:
        raise LidarliveError(final.error)
    print(_counts(final))
    return 3 if final.dropped else 0


def _counts(status: PhoneStatus) -> str:
    return f"sent {status.sent} frames, dropped {status.dropped}"
