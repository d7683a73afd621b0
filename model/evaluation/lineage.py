"""What a version was trained on: its own recordings, and those of the versions that its training continued from."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage.layout import LOG_NAME
from model import store
from model.config import VersionConfig, file_crc32
from model.data.split import label
from model.report import SAME_WALK


@dataclass(frozen=True)
class Seen:
    """What a version or its ancestors saw of some recordings.

    trained     those of whose measured frames some were trained on
    same_walk   those of which other frames were trained on; each recording is in one of the two at most
    gone        names of ancestors that are gone, so that what they were trained on is unknown
    """

    trained: tuple[Recording, ...]
    same_walk: tuple[Recording, ...]
    gone: tuple[str, ...]
    among: tuple[Recording, ...]

    def notes(self, who: str) -> list[str]:
        """Limits of its figures on these recordings, in sentences."""
        notes = []
        if self.trained:
            notes.append(f"{who} was trained on {self._names(self.trained)}, and looks better there than it is")
        if self.same_walk:
            notes.append(f"{who} was trained on other frames of {self._names(self.same_walk)} ({SAME_WALK})")
        return notes + [
            f"{who} continued from {name}, which is gone: what that was trained on is unknown" for name in self.gone
        ]

    def _names(self, recordings: Sequence[Recording]) -> str:
        return ", ".join(label(recording, self.among) for recording in recordings)


def seen_by(version: Path, recordings: Sequence[Recording], from_frame: int = 0) -> Seen:
    """What the version saw of the recordings, which are measured from a frame on.

    Raises LidarliveError where `version` cannot be read.
    """
    trained_until: dict[str, int] = {}  # by the checksum of the log: frames from here on were not trained on
    gone: list[str] = []
    for config in _lineage(version, gone):
        for entry in config.data:
            if not entry.held_out:
                until = sys.maxsize if entry.last_fifth_from is None else entry.last_fifth_from
                trained_until[entry.crc32] = max(until, trained_until.get(entry.crc32, 0))
    trained, same_walk = [], []
    for recording in recordings:
        until = trained_until.get(file_crc32(recording.path / LOG_NAME), 0)
        if until > from_frame:
            trained.append(recording)
        elif until:
            same_walk.append(recording)
    return Seen(tuple(trained), tuple(same_walk), tuple(gone), tuple(recordings))


def _lineage(version: Path, gone: list[str]) -> Iterator[VersionConfig]:
    """The version, its parent, and so on; appends the name of a parent that is gone to `gone`."""
    visited = set()
    while version.resolve() not in visited:
        visited.add(version.resolve())
        config = VersionConfig.read(version)
        yield config
        if config.parent is None:
            return
        continued_from = config.train.get("continue_from")
        parent = _find(continued_from if isinstance(continued_from, str) else None, config.parent)
        if parent is None:
            gone.append(config.parent)
            return
        version = parent


def _find(*names: str | None) -> Path | None:
    for version in filter(None, names):
        try:
            return store.find(version)
        except LidarliveError:  # moved, or deleted
            continue
    return None
