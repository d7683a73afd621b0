"""`lidarlive predict`: depth of any picture, as files. Through OpenVINO: nothing here imports TensorFlow."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from app.cli.pictures.photo import Photo, check_photo, read_photo
from app.cli.pictures.side_by_side import encode_side_by_side
from app.session.color_maps import PERCENTILES
from capture.errors import LidarliveError
from capture.formats.ply_writer import encode_ply
from capture.frame import MAX_DEPTH_M, DepthMap, Intrinsics, clean_depth
from capture.storage.durable import replace_file
from capture.storage.encoding import encode_depth
from model import store
from model.config import CANONICAL_FOCAL_PX, VersionConfig
from model.data.targets import is_landscape
from model.predictor import Predictor

MAX_FOCAL_PX = 1e6  # a hundred times any lens's: what is beyond it was mistyped


@dataclass(frozen=True)
class Target:
    """A picture and the files that are made of it, by what they hold: depth, picture and, where asked for, cloud."""

    image: Path
    files: dict[str, Path]


def predict(images: list[Path], out: Path, weights: str | None, focal: float | None, ply: bool, as_json: bool) -> int:
    """Predict each picture's depth into `out`; `focal` in pixels of the pictures, None: from their EXIF.

    Returns the exit status: 3 where a picture was damaged, 1 where all were. Raises LidarliveError, before anything is
    written, where a name is no picture or a file of its name exists already; later, where `out` cannot be written.
    """
    if focal is not None and not 0 < focal < MAX_FOCAL_PX:
        raise LidarliveError(f"--focal must be in pixels, above 0 and below {MAX_FOCAL_PX:.0f}. Received: {focal:g}")
    for image in images:
        check_photo(image)
    targets = [Target(image, _files(image, out, ply)) for image in images]
    _require_free(targets, out)
    folder = store.named_or_active(weights)
    predictor = Predictor(folder)
    rows: list[dict[str, Any]] = []
    damaged: list[LidarliveError] = []
    console = Console(stderr=True)
    silent = as_json or not console.is_terminal
    for target in track(targets, "predicting", console=console, transient=True, disable=silent):
        try:
            photo = read_photo(target.image)
        except LidarliveError as error:  # the others are still worth doing
            damaged.append(error)
            continue
        rows.append(_predict(predictor, photo, target, focal))
    _report(rows, damaged, as_json)
    return 0 if not damaged else 3 if rows else 1


def _files(image: Path, out: Path, ply: bool) -> dict[str, Path]:
    endings = {"depth": ".depth.png", "picture": ".png"} | ({"cloud": ".ply"} if ply else {})
    return {part: out / f"{image.stem}{ending}" for part, ending in endings.items()}


def _require_free(targets: list[Target], out: Path) -> None:
    """Raises LidarliveError where a file would be written over another, be it an older one or one of this run."""
    if os.path.exists(out) and not os.path.isdir(out):
        raise LidarliveError(f"{out} is not a folder; the last word names the folder for what is predicted")
    taken: dict[str, Path] = {}
    for target in targets:
        for file in target.files.values():
            name = file.name.casefold()  # macOS and Windows take A.png and a.png for one file
            if name in taken:
                raise LidarliveError(
                    f"{taken[name]} and {target.image} would both become {file}: predict one elsewhere"
                )
            taken[name] = target.image
            if os.path.lexists(file):
                raise LidarliveError(f"{file} exists already: delete it or name another folder")


def _predict(predictor: Predictor, photo: Photo, target: Target, focal: float | None) -> dict[str, Any]:
    """Write the files of one picture; what --json says of it. Raises LidarliveError where they cannot be written."""
    known = photo.focal_px if focal is None else focal
    camera = _camera(photo.size, known, predictor.config)
    depth_m = predictor(photo.rgb, camera).depth_m
    range_m = _range(depth_m)
    contents = {
        "depth": encode_depth(_resized(depth_m, photo.size)),
        "picture": encode_side_by_side(photo.rgb, depth_m, *(range_m or (0.0, MAX_DEPTH_M))),
    }
    if "cloud" in target.files:
        # A point a pixel of the network: more would only be drawn between them, and across the edges of things.
        contents["cloud"] = encode_ply(photo.rgb, clean_depth(depth_m), camera)
    _write({target.files[part]: data for part, data in contents.items()}, target.image)
    return {
        "image": str(target.image),
        "size": photo.size,
        "focal_px": known,
        "focal_from": "unknown" if known is None else "exif" if focal is None else "option",
        "depth_range_m": range_m,
        "files": {part: str(file) for part, file in target.files.items()},
    }


def _camera(size: tuple[int, int], known: float | None, config: VersionConfig) -> Intrinsics:
    """Square pixels, the principal point in the middle; without a known focal length, the network's canonical one."""
    canonical = config.canonical_focal_px or CANONICAL_FOCAL_PX
    focal = known or canonical * size[0] / config.input_size(is_landscape(size))[0]
    return Intrinsics(focal, focal, size[0] / 2, size[1] / 2)


def _resized(depth_m: DepthMap, size: tuple[int, int]) -> DepthMap:
    return np.asarray(cv2.resize(depth_m, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _range(depth_m: DepthMap) -> list[float] | None:
    """Nearest and farthest in metres, a few wild pixels left out; None where all is beyond what a depth map holds."""
    depth = clean_depth(depth_m)
    return np.percentile(depth[depth > 0], PERCENTILES).tolist() if (depth > 0).any() else None


def _write(contents: dict[Path, bytes], image: Path) -> None:
    """All files of a picture or none. Raises LidarliveError."""
    out = next(iter(contents)).parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, data in contents.items():
            replace_file(file, data)
    except OSError as error:
        for file in contents:
            with contextlib.suppress(OSError):  # the error at hand says more
                file.unlink(missing_ok=True)
        raise LidarliveError(
            f"what is predicted for {image} cannot be written into {out} ({error.strerror}); make room there or name "
            "another folder"
        ) from None


def _report(rows: list[dict[str, Any]], damaged: list[LidarliveError], as_json: bool) -> None:
    if as_json and rows:
        print(json.dumps(rows))
    else:
        for row in rows:
            _print_row(row)
    for error in damaged:
        print(f"lidarlive: {error}", file=sys.stderr)
    guessed = ", ".join(row["image"] for row in rows if row["focal_from"] == "unknown")
    if guessed:
        print(
            f"lidarlive: focal length unknown, so the scale in metres is a guess; give it with --focal PX: {guessed}",
            file=sys.stderr,
        )


def _print_row(row: dict[str, Any]) -> None:
    near_far = row["depth_range_m"]
    depth = "{:.2f} to {:.2f} m".format(*near_far) if near_far else "nothing within 65 m"
    focal = "unknown" if row["focal_px"] is None else f"{row['focal_px']:.0f} px ({row['focal_from']})"
    print(f"{row['files']['picture']}: {depth}, focal length {focal}")
