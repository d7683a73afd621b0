"""Read plain folders of paired images: a picture, its depth map, and optional confidence and pose of the same name.

    <folder>/rgb/000000.jpg         JPEG or PNG, 8-bit colour; also color/, colour/, image/, images/, X/
             depth/000000.png       16-bit grey; also .tiff, and floats in metres in .tiff or .exr; also Y/
             confidence/000000.png  8-bit grey, three levels over all files (capture.formats.parts.confidence_levels)
             pose/000000.txt        4x4 camera to world, metres, OpenCV's axes; also poses/
             intrinsics.txt         a line per picture, if we wrote it (capture.formats.parts.intrinsics_file)

X/ and Y/ are the names in the data set on which the gradient and finetune pair was first trained. Poses are as in
7-Scenes (Shotton et al., Scene Coordinate Regression Forests, CVPR 2013).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from capture.errors import LidarliveError
from capture.formats.base import ImportFormat, ImportOptions
from capture.formats.parts import depth_maps, intrinsics_file
from capture.formats.parts.confidence_levels import confidence_table
from capture.formats.parts.depth_maps import DepthReader
from capture.formats.parts.image_encoder import ImageEncoder
from capture.formats.parts.images import read_levels, read_picture
from capture.formats.parts.intrinsics_file import read_intrinsics
from capture.formats.parts.natural_order import natural_key
from capture.formats.parts.opencv_poses import pose_from_matrix
from capture.formats.parts.others_files import TRANSFORMS, stated_depth_scale, unread_names
from capture.frame import Intrinsics, Pose
from capture.geometry.poses import LOST_POSE
from capture.jpeg import UInt8Image
from capture.storage.encoding import EncodedFrame
from capture.storage.layout import read_file

UNITS_PER_METRE = 1000.0  # millimetres, unless the user sets another scale
FPS = 30.0  # names contain no time; most depth cameras run at this rate
MAX_POSE_BYTES = 4096  # enough for sixteen numbers of any precision
# Names of sub-folders in lower case, and suffixes of their files.
_NAMES = {
    "rgb": ("rgb", "color", "colour", "image", "images", "x"),
    "depth": ("depth", "y"),
    "confidence": ("confidence", "conf"),
    "pose": ("pose", "poses"),
}
_SUFFIXES = {
    "rgb": (".jpg", ".jpeg", ".png"),
    "depth": depth_maps.SUFFIXES,
    "confidence": (".png",),
    "pose": (".txt",),
}


class ImageFolder:
    """A folder of paired images, read frame by frame. Each name with a picture or a depth map is a frame, 2 before 10.

    Only the files' names are kept in memory. All confidence maps are read once in advance, for their levels. `remark`
    names what else is in the folder: files of other programs, such as their cameras, that are not read.

    Raises LidarliveError if sub-folders are missing or ambiguous, or confidence has unknown levels.
    """

    def __init__(self, path: Path, units_per_metre: float | None = None, intrinsics: Intrinsics | None = None) -> None:
        self.path = path
        self._stated_scale = None if units_per_metre else stated_depth_scale(path)
        self._depth_reader = DepthReader(units_per_metre or self._stated_scale, UNITS_PER_METRE)
        self._encoder = ImageEncoder(self._depth_reader, intrinsics)
        self._cameras = read_intrinsics(path) if intrinsics is None else {}
        self._has_intrinsics = intrinsics is not None or bool(self._cameras)
        self._folders = _sub_folders(path)
        self._files = {kind: _by_stem(folder, _SUFFIXES[kind]) for kind, folder in self._folders.items()}
        self._stems = sorted(self._files["rgb"].keys() | self._files["depth"].keys(), key=natural_key)
        if not (self._files["rgb"] and self._files["depth"]):
            rgb, depth = self._folders["rgb"].name, self._folders["depth"].name
            found = ", ".join([*_kinds(self._folders["rgb"]), *_kinds(self._folders["depth"])]) or "nothing"
            raise LidarliveError(
                f"{path}: needs JPEG or PNG files in {rgb}/ and {depth_maps.KINDS} in {depth}/. Received: {found}"
            )
        self._unread = unread_names(path, [*(folder.name for folder in self._folders.values()), intrinsics_file.NAME])
        if "confidence" in self._folders:
            self._levels = confidence_table(self._confidence_maps())

    def __len__(self) -> int:
        return len(self._stems)

    @property
    def remark(self) -> str:
        remarks = []
        if self._stated_scale:
            remarks.append(f"{self._stated_scale:g} units are a metre, as {TRANSFORMS} states")
        if self._unread:
            camera = "" if self._has_intrinsics else "; if a camera's numbers are in there, give them with --intrinsics"
            remarks.append(f"not read: {self._unread}{camera}")
        return "; ".join(remarks)

    @property
    def depth_scale(self) -> float:
        first = next(iter(self._files["depth"].values()), None)
        return UNITS_PER_METRE if first is None else self._depth_reader.units_per_metre(self._folders["depth"] / first)

    def read_frame(self, i: int) -> EncodedFrame:
        """Encode frame `i`: JPEG files unchanged, depth in 16-bit millimetres, at 30 frames per second.

        Raises LidarliveError if a part of it is missing, damaged, or does not fit the others.
        """
        stem = self._stems[i]
        paths = {kind: self._path(kind, stem) for kind in self._folders}
        frame = self._encoder.encode(
            i,
            round(i / FPS * 1e9),
            read_picture(paths["rgb"]),
            paths["depth"],
            self._levels[read_levels(paths["confidence"])] if "confidence" in paths else None,
            _read_pose(paths["pose"]) if "pose" in paths else Pose(),
        )
        own = self._cameras.get(paths["rgb"].relative_to(self.path).as_posix())
        return frame if own is None else replace(frame, intrinsics=own)

    def _path(self, kind: str, stem: str) -> Path:
        name = self._files[kind].get(stem)
        if name is None:
            raise LidarliveError(f"{self._folders[kind]} has no file {stem}. The files of a frame must have one name")
        return self._folders[kind] / name

    def _confidence_maps(self) -> Iterator[UInt8Image]:
        for name in self._files["confidence"].values():
            try:
                yield read_levels(self._folders["confidence"] / name)
            except LidarliveError:
                continue  # reported when its frame is read


def _sub_folders(path: Path) -> dict[str, Path]:
    """Return the sub-folder of each kind that exists."""
    folders: dict[str, Path] = {}
    for child in sorted(path.iterdir()):
        kind = next((kind for kind, names in _NAMES.items() if child.name.lower() in names), None)
        if kind is None or not child.is_dir():
            continue
        if kind in folders:
            raise LidarliveError(f"{path}: {folders[kind].name}/ and {child.name}/ both contain {kind}. Move one away")
        folders[kind] = child
    if missing := [kind for kind in ("rgb", "depth") if kind not in folders]:
        wanted = "; ".join(f"{kind} in {'/, '.join(_NAMES[kind])}/" for kind in missing)
        found = unread_names(path, ()) or "nothing"
        raise LidarliveError(f"{path} is not a folder of pictures and depth maps. Missing: {wanted}. Received: {found}")
    return folders


def has_pictures_and_depth(path: Path) -> bool:
    """Whether a folder has sub-folders for both."""
    names = {child.name.lower() for child in path.iterdir() if child.is_dir()} if path.is_dir() else set()
    return all(names.intersection(_NAMES[kind]) for kind in ("rgb", "depth"))


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Return file names by their stem; hidden files and those of other types are ignored."""
    files: dict[str, str] = {}
    for child in folder.iterdir():
        if child.suffix.lower() in suffixes and not child.name.startswith("."):
            other = files.setdefault(child.stem, child.name)
            if other != child.name:
                raise LidarliveError(f"{folder}: {other} and {child.name} belong to one frame. Remove one")
    return files


def _kinds(folder: Path) -> list[str]:
    """Return the kinds of the files in a folder by their suffixes, such as `.npy files in depth/`."""
    suffixes = {child.suffix.lower() or child.name for child in folder.iterdir() if child.is_file()}
    return [f"{suffix} files in {folder.name}/" for suffix in sorted(suffixes)]


def _read_pose(path: Path) -> Pose:
    try:
        numbers = [float(word) for word in read_file(path, MAX_POSE_BYTES).decode(errors="replace").split()]
        if len(numbers) != 16:
            raise ValueError(f"a pose must have 4x4 numbers. Received: {len(numbers)}")
        matrix = np.reshape(numbers, (4, 4))
        if not np.isfinite(matrix).all() or not matrix[:3, :3].any():  # how data sets mark that tracking was lost
            return LOST_POSE
        return pose_from_matrix(matrix)
    except ValueError as error:
        raise LidarliveError(f"{path}: {error}") from None


def _open(path: Path, options: ImportOptions) -> nullcontext[ImageFolder]:
    return nullcontext(ImageFolder(path, options.depth_scale, options.intrinsics))


# Matches every folder, so that one without images gets a message that lists the sub-folders to provide.
FORMAT = ImportFormat(
    name="folders",
    title="folders with rgb/ and depth/",
    reads="`rgb/` (or `color/`, `image/`, `images/`, `X/`) and `depth/` (or `Y/`): JPEG or PNG, and 16-bit PNG or TIFF "
    "or floats in TIFF or EXR, paired by name; optional `confidence/`, `pose/`, `intrinsics.txt`",
    matches=Path.is_dir,
    open=_open,
)
