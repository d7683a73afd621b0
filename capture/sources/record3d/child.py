"""Parent-side handle of the capture process: starts and ends it, and explains its end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from capture.library_output import PrintedLines
from capture.protocol.gate import GateCounts
from capture.sources.record3d.process import capture_process
from capture.sources.record3d.relay import Relay
from capture.sources.record3d.shared_ring import FrameRing

KILLED = 9  # SIGKILL, which Windows does not name
JOIN_S = 1.0  # a process whose end of the pipe is closed ends at once


class Child:
    """A capture process, with its ring, its pipe and what it prints.

    first_index   stream index of its first frame
    taken         frames read from it
    counts        what the relay had refused before the frames taken, when the source last counted
    received_bytes  of the stream, the same
    is_connected  whether it has announced its connection
    """

    def __init__(
        self, process: BaseProcess, pipe: Connection, ring: FrameRing, relay: Relay, output: PrintedLines, index: int
    ) -> None:
        self.process, self.pipe, self.ring, self.relay, self.output = process, pipe, ring, relay, output
        self.first_index, self.taken, self.is_connected = index, 0, False
        self.counts, self.received_bytes = GateCounts(), 0
        self._counted: dict[str, int] = {}  # its losses that the source has counted

    @classmethod
    def start(cls, serial: str, relay: Relay, output: Path, index: int) -> Child:
        """Start the process. Its end of the pipe is closed here, so that its death reads as end of file.

        Raises LidarliveError if there is too little shared memory.
        """
        ring = FrameRing.create()
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=capture_process,
            args=(theirs, ring.name, ring.ring_bytes, serial, relay.address, output),
            name="lidarlive-capture",
            daemon=True,
        )
        with _without_interrupts():
            process.start()
        theirs.close()
        return cls(process, ours, ring, relay, PrintedLines(output, "capture process"), index)

    @property
    def progress(self) -> tuple[int, int]:
        """Changes with every message that was decoded or refused; not with one that the child hangs on."""
        return self.ring.received, self.relay.gate.counts.refused

    @property
    def unannounced(self) -> int:
        """Frames that it received and neither announced nor dropped, once all announced ones are read."""
        return self.ring.received - self.taken - sum(self.ring.losses().values())

    def refused_before(self, received: int) -> GateCounts:
        """Return the counts of what was refused before message `received` of those that passed, 0 for the first."""
        refusals, refused = self.relay.gate.refusals, self.counts
        while refusals and refusals[0].passed <= received:
            refused = refusals.popleft()
        return refused

    def new_losses(self, losses: dict[str, int]) -> dict[str, int]:
        """Return the increase of its losses since the last call, by cause."""
        before, self._counted = self._counted, losses
        return {cause: new for cause, count in self._counted.items() if (new := count - before.get(cause, 0))}

    def crash(self) -> str:
        """Return how it has ended by itself; empty if the phone closed the stream."""
        self.process.join(JOIN_S)
        self.output.read()
        code = self.process.exitcode
        if code in (0, None):
            return ""
        assert code is not None
        if code == -KILLED:
            return "the package record3d was killed, as systems do when memory is short"
        how = f"crashed ({_signal_name(-code)})" if code < 0 else f"ended with exit status {code}"
        words = self.output.last_line()
        return f"the package record3d {how}" + (f": {words}" if words else "")

    def end(self) -> None:
        """Kill it and free what it used."""
        self.process.kill()
        self.process.join()
        self.output.read()
        self.pipe.close()
        self.ring.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let a process that is started here inherit that Ctrl-C does not reach it, from its first moment on."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
