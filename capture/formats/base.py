"""What an import format and an export format are: the types that each reader and writer file describes itself with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from capture.errors import LidarliveError
from capture.frame import Intrinsics
from capture.storage.encoding import EncodedFrame

# Called with the frames done and the frames in all.
Progress = Callable[[int, int], None]
# Depth units per metre that make sense in 16 bits: metres to micrometres.
MIN_DEPTH_SCALE, MAX_DEPTH_SCALE = 1.0, 1e6


@dataclass(frozen=True)
class ImportOptions:
    """What the files of a data set do not contain and the user has to supply.

    depth_scale  units per metre of the depth maps; None: the format's default (1000, millimetres; TUM: 5000)
    intrinsics   of all pictures, in their pixels; None: unknown, except for TUM sequences that name their camera
    name         of the recording; None: that of the file or folder

    Raises LidarliveError if a number is out of range.
    """

    depth_scale: float | None = None
    intrinsics: Intrinsics | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.depth_scale is not None and not MIN_DEPTH_SCALE <= self.depth_scale <= MAX_DEPTH_SCALE:
            raise LidarliveError(
                f"the depth scale must be {MIN_DEPTH_SCALE:.0f} (metres) to {MAX_DEPTH_SCALE:.0f} (micrometres) units "
                f"per metre; millimetres are 1000. Received: {self.depth_scale:g}"
            )
        if self.intrinsics is not None and not (self.intrinsics.fx > 0 and self.intrinsics.fy > 0):
            raise LidarliveError(f"focal lengths must be more than 0 pixels. Received: {self.intrinsics.as_list()}")


class FrameReader(Protocol):
    """An opened data set.

    remark       one line about the data set as a whole for the user; usually empty
    depth_scale  units per metre of its depth, assumed or supplied by the user; None if its files state their unit
    """

    @property
    def remark(self) -> str: ...

    @property
    def depth_scale(self) -> float | None: ...

    def __len__(self) -> int: ...

    def read_frame(self, i: int) -> EncodedFrame:
        """Return frame `i`. Called in ascending order, at most once per frame.

        Raises LidarliveError if the frame is damaged.
        """
        ...


@dataclass(frozen=True)
class ImportFormat:
    """An entry of `capture.formats.registry.READERS`.

    name           short name in the documentation, such as `tum`
    title          for the user, in the plural, as in "imports TITLE"
    reads          what is read, as Markdown for docs/formats.md
    matches        whether the file or folder at a path has this format; may raise OSError
    open           opens it for reading; raises LidarliveError or OSError
    suffixes       of single files; empty for formats that are folders
    has_own_scale  the files contain depth scale and intrinsics, so that the user must not supply them
    """

    name: str
    title: str
    reads: str
    matches: Callable[[Path], bool]
    open: Callable[[Path, ImportOptions], AbstractContextManager[FrameReader]]
    suffixes: tuple[str, ...] = ()
    has_own_scale: bool = False


class FrameWriter(Protocol):
    """A file or folder being written, to which frames of one layout are appended.

    `remark`, once closed: one line about the export as a whole for the user; usually empty. All methods raise OSError
    if the disk rejects a write.
    """

    @property
    def remark(self) -> str: ...

    def append(self, frame: EncodedFrame) -> None:
        """Write a frame. Raises LidarliveError if the format cannot hold it."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class ExportFormat:
    """An entry of `capture.formats.registry.WRITERS`.

    name          as in `--format NAME`
    title         for the user, in the plural
    writes, drops what is written and what the format cannot hold, as Markdown for docs/formats.md
    open          creates the file or folder at a path; its second argument is whether depth has the picture's size
    suffix        of the file's name; empty for formats that are folders
    resizes       depth and confidence may be resized to the picture's size
    one_frame     holds a single frame, not all frames of a recording
    needs_poses   cannot hold a frame without a pose; it is left out. Others receive `capture.geometry.poses.LOST_POSE`
    """

    name: str
    title: str
    writes: str
    drops: str
    open: Callable[[Path, bool], FrameWriter]
    suffix: str = ""
    resizes: bool = False
    one_frame: bool = False
    needs_poses: bool = False
