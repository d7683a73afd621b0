"""Compare a recording with what the phone sent: missing, mixed, out-of-order and damaged frames."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.bench.capture.numbered_clip import recorded_numbers
from capture.inspection.checksums import damage
from capture.recording import Recording

Stamp = tuple[int, int]  # number of a frame, and clock.now_ns() when it was noticed


@dataclass(frozen=True)
class Sent:
    """A frame in the phone's log: position in the stream, number in the clip, and when sending began."""

    n: int
    number: int
    begun_ns: int


class SentFrames:
    """What the phone had to send, in order: the sent frames, and the positions of the dropped ones."""

    def __init__(self, sent: Sequence[Sent], dropped: Sequence[int] = ()) -> None:
        self.sent, self.dropped = list(sent), list(dropped)
        self._by_number: dict[int, list[Sent]] = {}
        for frame in self.sent:
            self._by_number.setdefault(frame.number, []).append(frame)

    @classmethod
    def read(cls, path: Path) -> SentFrames:
        """Read the file of `PhoneProcess(send_log=...)`, without a torn last line."""
        lines = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
        dropped = [line["n"] for line in lines if "dropped" in line]
        sent = [Sent(line["n"], line["clip_index"], line["begun_ns"]) for line in lines if "sent_ns" in line]
        return cls(sent, dropped)

    def frames_of(self, stamps: Iterable[Stamp]) -> list[Sent | None]:
        """Match stamps, expected in the order of sending, with sent frames.

        None if no frame of that number was sent between the previous match and the stamp. The first stamp matches the
        last frame of its number: at a start, fewer than 256 frames (two seconds at 120 fps) are under way.
        """
        matches: list[Sent | None] = []
        before: Sent | None = None
        for stamp in stamps:
            matches.append(self.last_of(stamp) if before is None else self._next_of(stamp, before))
            before = matches[-1] or before
        return matches

    def last_of(self, stamp: Stamp) -> Sent | None:
        """Return the last frame of that number sent before the stamp."""
        frames = self._by_number.get(stamp[0], [])
        i = bisect_right(frames, stamp[1], key=lambda frame: frame.begun_ns)
        return frames[i - 1] if i else None

    def _next_of(self, stamp: Stamp, before: Sent) -> Sent | None:
        frames = self._by_number.get(stamp[0], [])
        i = bisect_right(frames, before.n, key=lambda frame: frame.n)
        return frames[i] if i < len(frames) and frames[i].begun_ns <= stamp[1] else None

    def between(self, first_ns: int, last_ns: int) -> SentFrames:
        """Select the frames whose sending began in this interval, and the drops between them."""
        sent = [frame for frame in self.sent if first_ns <= frame.begun_ns <= last_ns]
        if not sent:
            return SentFrames([])
        return SentFrames(sent, [n for n in self.dropped if sent[0].n < n < sent[-1].n])

    @property
    def fps(self) -> float:
        """Sent frames per second, from the first to the last."""
        if len(self.sent) < 2:
            return 0.0
        return (len(self.sent) - 1) / (self.sent[-1].begun_ns - self.sent[0].begun_ns) * 1e9

    def delays_ms(self, stamps: Sequence[Stamp]) -> list[float]:
        """Return the delays of stamps since sending began; a frame noticed twice counts once."""
        frames = self.frames_of(stamps)
        return [(ns - frame.begun_ns) / 1e6 for frame, (_, ns) in zip(frames, stamps, strict=True) if frame]


@dataclass(frozen=True)
class RecordingVerdict:
    """Counts of frames.

    recorded       lines in the log
    missing        sent while the recording ran, but not in it
    mixed          picture, depth, confidence and pose are of different frames, or one of them cannot be read
    out_of_order   lines whose frame was sent before that of the previous line
    damaged        files that do not match their checksum, torn lines, a recording that was not closed
    gaps           frames skipped by `stream_index`: each loss that the program noticed
    lost           losses counted by the recording itself, by cause
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
    recording: Recording, committed_ns: Sequence[int], log: SentFrames, received: Iterable[Stamp]
) -> RecordingVerdict:
    """Read every file of the recording; line i of its log appeared at `committed_ns[i]`.

    `received` are the frames that the program received while the recording ran. The recording must contain them, and
    all frames sent between its first frame and its last.
    """
    lines = list(recording.lines())
    parts = [recorded_numbers(recording, line) for line in lines]
    stamps = [(-1 if part.pose is None else part.pose, ns) for part, ns in zip(parts, committed_ns, strict=True)]
    in_order = log.frames_of(stamps)
    matches = [frame or log.last_of(stamp) for frame, stamp in zip(in_order, stamps, strict=True)]
    recorded = {frame.n for frame in matches if frame}
    expected = {frame.n for frame in log.frames_of(received) if frame}
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
