"""`lidarlive emulate`: be a phone for any Record3D client."""

from __future__ import annotations

import time

from rich.console import Console

from capture.frame import CaptureError
from capture.virtual_phone.phone import run_phone
from capture.virtual_phone.server import PhoneStatus

REPORT_INTERVAL_S = 1.0


def emulate(what: str, address: str | None, fps: float | None, loop: bool) -> int:
    """Play `what` until it ends or the person interrupts. Returns the exit status: 3 where frames were dropped."""
    console = Console(stderr=True)
    reported_s = 0.0

    with console.status("preparing") as line:

        def show(status: PhoneStatus) -> None:
            nonlocal reported_s
            if time.monotonic() - reported_s < REPORT_INTERVAL_S:
                return
            reported_s = time.monotonic()
            if status.state == "preparing":
                line.update(f"preparing {what}: {status.prepared:.0%}")
            else:
                line.update(f"USBMUXD_SOCKET_ADDRESS={status.address}   sent {status.sent}, dropped {status.dropped}")

        final = run_phone(what, address, fps, loop, show)
    if final.error:
        raise CaptureError(final.error)
    console.print(f"sent {final.sent} frames, dropped {final.dropped}")
    return 3 if final.dropped else 0
