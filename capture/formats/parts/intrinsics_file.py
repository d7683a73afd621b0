"""Read and write `intrinsics.txt`: the intrinsics of each picture, for formats that cannot store them.

    # picture fx fy cx cy, in pixels of the picture
    rgb/000000.jpg 700.25 700.25 360.5 480.125

Our own addition: TUM RGB-D publishes its intrinsics on a web page, plain image folders have none, and a phone's focal
length changes from frame to frame.
"""

from __future__ import annotations

from pathlib import Path

from capture.errors import LidarliveError
from capture.frame import Intrinsics
from capture.storage.layout import read_file

NAME = "intrinsics.txt"
HEADER = "# picture fx fy cx cy, in pixels of the picture\n"
IMPORT_AGAIN = "Import it again with --intrinsics"  # the remedy, for messages
MAX_BYTES = 16 << 20  # 100,000 lines and more


def intrinsics_line(picture: str, camera: Intrinsics) -> str:
    """Return the line, with its line end, of the picture at this path below the folder (without spaces)."""
    return f"{picture} {' '.join(map(repr, camera.as_list()))}\n"


def has_focal_length(camera: Intrinsics) -> bool:
    """Whether the intrinsics are known."""
    return camera.fx > 0 and camera.fy > 0


def require_focal_length(camera: Intrinsics, needed_by: str) -> None:
    """Raise LidarliveError if the intrinsics are unknown; `needed_by` begins its message."""
    if not has_focal_length(camera):
        raise LidarliveError(
            f"{needed_by} needs the camera's focal length, which this recording does not have. {IMPORT_AGAIN}, or "
            "choose another format"
        )


def read_intrinsics(folder: Path) -> dict[str, Intrinsics]:
    """Read the intrinsics by the pictures' paths below `folder`; empty without such a file. Raises LidarliveError."""
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        text = read_file(path, MAX_BYTES).decode(errors="replace")
    except ValueError as error:
        raise LidarliveError(f"{path} {error}") from None
    cameras = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        picture, *words = line.split()
        try:
            fx, fy, cx, cy = map(float, words)
            if min(fx, fy) <= 0 and (fx, fy, cx, cy) != (0, 0, 0, 0):  # all 0: unknown
                raise ValueError("a focal length must be more than 0")
            cameras[picture] = Intrinsics(fx, fy, cx, cy)
        except ValueError:
            raise LidarliveError(
                f"{path}, line {number}: must be a picture and fx fy cx cy. Received: {line!r:.80}"
            ) from None
    return cameras
