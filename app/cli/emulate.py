"""`lidarlive emulate`: play a recording as a virtual phone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from capture.errors import LidarliveError
from capture.virtual_phone.faults import LASTING_S, OF_ONE_FRAME
from capture.virtual_phone.phone import PhoneStatus
from capture.virtual_phone.process import run_phone
from capture.wording import counted

FAULTS = (*OF_ONE_FRAME, *LASTING_S)
REPORT_INTERVAL_S = 1.0


EXAMPLES = (
    "lidarlive emulate demo  # prints the address for clients",
    "lidarlive emulate demo --fault silent@30:2  # silent for 2 s from frame 30 on",
    "lidarlive emulate phone.wire --fps 30",
)


@dataclass(frozen=True)
class EmulateCommand:
    """Emulate a phone: play the demo room or a recording to any Record3D client."""

    what: Annotated[
        str, typer.Argument(metavar="PATH|demo", help="demo or demo:2, a recording, a .r3d file or a .wire file")
    ]
    socket: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="where to listen: UNIX:/path or 127.0.0.1:port; default: a new socket"),
    ] = None
    fps: Annotated[float | None, typer.Option(min=0.1, help="frames per second; default: as recorded")] = None
    loop: Annotated[bool, typer.Option("--loop", help="start again at the end until interrupted")] = False
    fault: Annotated[
        list[str],
        typer.Option(
            metavar="KIND@FRAME[:SECONDS]",
            help=f"inject a fault of the phone, cable or usbmuxd at this frame: {', '.join(FAULTS)}",
        ),
    ] = field(default_factory=list)
    log: Annotated[Path | None, typer.Option(help="write a JSON line for each sent frame to this file")] = None


def run(options: EmulateCommand) -> int:
    """Play until the end or an interrupt. Returns the exit status: 3 if frames were dropped.

    Raises LidarliveError if `what` cannot be played, the address cannot be used, or a fault is unknown.
    """
    what = options.what
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

        final = run_phone(what, options.socket, options.fps, options.loop, show, options.fault, options.log)
    if final.error:
        raise LidarliveError(final.error)
    print(_counts(final))
    return 3 if final.dropped else 0


def _counts(status: PhoneStatus) -> str:
    return f"sent {counted(status.sent, 'frame')}, dropped {status.dropped}"
