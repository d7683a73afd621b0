"""A recording held against what the phone sent: which frames are missing, mixed, out of order or damaged."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.bench.capture.numbered_clip import recorded_numbers
from capture.inspection.checksums import damage
from capture.recording import Recording

Stamp = tuple[int, int]  # a frame's number, and when it was seen: time.monotonic_ns()


@dataclass(frozen=True)
class Sent:
    """A frame as the phone's log has it: the how manyth it was, its number in the clip, when sending it began."""

    n: int
    number: int
    begun_ns: int


class SentFrames:
    """What the phone offered, in order: the frames it sent, and the `n` of those it dropped."""

    def __init__(self, sent: Sequence[Sent], dropped: Sequence[int] = ()) -> None:
        self.sent, self.dropped = list(sent), list(dropped)
        self._by_number: dict[int, list[Sent]] = {}
        for frame in self.sent:
            self._by_number.setdefault(frame.number, []).append(frame)

    @classmethod
    def read(cls, path: Path) -> SentFrames:
        """From the file of `PhoneProcess(send_log=...)`; a last line that the end of the phone tore is left out."""
        lines = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
        dropped = [line["n"] for line in lines if "dropped" in line]
        sent = [Sent(line["n"], line["clip_index"], line["begun_ns"]) for line in lines if "sent_ns" in line]
        return cls(sent, dropped)

    def frames_of(self, stamps: Iterable[Stamp]) -> list[Sent | None]:
        """Which frames stamps are of that should be in the order of sending.

        None where no frame of that number was sent after the frame before and not later than the stamp. The first is
        the last one of its number: 256 frames, two seconds at 120 fps, are never under way at a start.
        """
        found: list[Sent | None] = []
        before: Sent | None = None
        for stamp in stamps:
            found.append(self.last_of(stamp) if before is None else self._next_of(stamp, before))
            before = found[-1] or before
        return found

    def last_of(self, stamp: Stamp) -> Sent | None:
        """The last frame of that number that was sent until then."""
        frames = self._by_number.get(stamp[0], [])
        i = bisect_right(frames, stamp[1], key=lambda frame: frame.begun_ns)
        return frames[i - 1] if i else None

    def _next_of(self, stamp: Stamp, before: Sent) -> Sent | None:
        frames = self._by_number.get(stamp[0], [])
        i = bisect_right(frames, before.n, key=lambda frame: frame.n)
        return frames[i] if i < len(frames) and frames[i].begun_ns <= stamp[1] else None

    def between(self, first_ns: int, last_ns: int) -> SentFrames:
        """What it began to send from `first_ns` to `last_ns`; drops count between the first and the last of those."""
        sent = [frame for frame in self.sent if first_ns <= frame.begun_ns <= last_ns]
        if not sent:
            return SentFrames([])
        return SentFrames(sent, [n for n in self.dropped if sent[0].n < n < sent[-1].n])

    @property
    def fps(self) -> float:
        """Frames a second that were sent, from the first to the last."""
        if len(self.sent) < 2:
            return 0.0
        return (len(self.sent) - 1) / (self.sent[-1].begun_ns - self.sent[0].begun_ns) * 1e9

    def delays_ms(self, stamps: Sequence[Stamp]) -> list[float]:
        """How long after sending began each stamp was made; a frame that is seen again counts once."""
        frames = self.frames_of(stamps)
        return [(ns - frame.begun_ns) / 1e6 for frame, (_, ns) in zip(frames, stamps, strict=True) if frame]


@dataclass(frozen=True)
class RecordingVerdict:
    """What the files say.

    recorded       lines in the log
    missing        sent while the recording ran, not in it
    mixed          picture, depth, confidence and pose are not all of one frame, or one of them cannot be read
    out_of_order   lines whose frame was not sent after that of the line before
    damaged        files that do not match their checksum, torn lines, a recording that was not closed
    gaps           frames that `stream_index` leaves out: every loss that the program knows of, where it fell
    lost           what the recording itself says was lost, by cause
    """

    recorded: int
    missing: int
    mixed: int
    out_of_order: int
    damaged: int
    gaps: int
    lost: dict[str, int]

    @property
    def perfect(self) -> bool:
        wrong = self.missing + self.mixed + self.out_of_order + self.damaged + self.gaps
        return not wrong and not any(self.lost.values())


def verify(
    recording: Recording, committed_ns: Sequence[int], log: SentFrames, in_hands: Iterable[Stamp]
) -> RecordingVerdict:
    """Read every file of the recording; line i of its log was seen to be there at `committed_ns[i]`.

    `in_hands` are the frames that the program had in its hands while the recording ran: those must be in it, and so
    must whatever the phone sent between its first frame and its last.
    """
    lines = list(recording.lines())
    parts = [recorded_numbers(recording, line) for line in lines]
    stamps = [(-1 if part.pose is None else part.pose, ns) for part, ns in zip(parts, committed_ns, strict=True)]
    in_order = log.frames_of(stamps)
    found = [frame or log.last_of(stamp) for frame, stamp in zip(in_order, stamps, strict=True)]
    recorded = {frame.n for frame in found if frame}
    expected = {frame.n for frame in log.frames_of(in_hands) if frame}
    if recorded:
        expected |= {frame.n for frame in log.sent if min(recorded) <= frame.n <= max(recorded)}
    indices = [line.stream_index for line in lines]
    return RecordingVerdict(
        recorded=len(lines),
        missing=len(expected - recorded),
        mixed=sum(not part.agree for part in parts),
        out_of_order=in_order.count(None),
        damaged=sum(1 for _ in damage(recording.path)),
        gaps=indices[-1] - indices[0] + 1 - len(indices) if indices else 0,
        lost=recording.info.lost,
    )
