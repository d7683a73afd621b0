"""Files that other programs leave beside their pictures and depth maps, and that are not read as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from capture.errors import LidarliveError
from capture.formats.base import MAX_DEPTH_SCALE, MIN_DEPTH_SCALE
from capture.formats.parts.json_values import is_number
from capture.formats.parts.natural_order import natural_key
from capture.storage.layout import read_file

TRANSFORMS = "transforms.json"  # of nerfstudio, NeRFCapture and SplaTAM
MAX_BYTES = 64 << 20  # 100,000 cameras
MAX_NAMED = 6
_SCALE = "integer_depth_scale"  # metres per unit
_NO_DATA = ("readme", "license", "thumbs.db", "desktop.ini")


def stated_depth_scale(folder: Path) -> float | None:
    """Return the units per metre that `transforms.json` states for depth maps of whole numbers; None if it does not.

    NeRFCapture writes 10 m as 65535 and names the factor. Raises LidarliveError if the file cannot be read, or its
    factor is no scale.
    """
    path = folder / TRANSFORMS
    if not path.is_file():
        return None
    try:
        document = json.loads(read_file(path, MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise LidarliveError(f"{path} cannot be read, and may state the unit of the depth maps: {error}") from None
    if not isinstance(document, dict) or _SCALE not in document:
        return None
    metres = document[_SCALE]
    if not is_number(metres) or not 1 / MAX_DEPTH_SCALE <= metres <= 1 / MIN_DEPTH_SCALE:
        raise LidarliveError(f"{path}: {_SCALE} must be metres per unit. Received: {metres!r:.40}. Give --depth-scale")
    return float(1 / metres)


def unread_names(folder: Path, read: Collection[str]) -> str:
    """Name what is in a folder besides the names that are read, folders with a `/`; empty if there is nothing."""
    names = [
        f"{child.name}/" if child.is_dir() else child.name
        for child in folder.iterdir()
        if child.name not in read and not child.name.startswith(".") and not child.name.lower().startswith(_NO_DATA)
    ]
    names.sort(key=natural_key)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
