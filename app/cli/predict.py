"""`lidarlive predict`: predict the depth of pictures with OpenVINO. Nothing here imports TensorFlow."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from app.cli.options import JsonOption, WeightsOption
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

MAX_FOCAL_PX = 1e6  # a hundred times that of any lens: larger values are mistyped


EXAMPLES = (
    "lidarlive predict a.jpg b.png out --ply",
    "lidarlive predict a.jpg out --focal 3028  # where EXIF has no focal length",
)


@dataclass(frozen=True)
class PredictCommand:
    """Predict the depth of pictures and write it to files. Exit status 3: done, but some pictures were damaged.

    Each picture gives a 16-bit PNG of the depth in millimetres, a PNG of picture and depth side by side, and a point
    cloud on request.
    """

    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGES... OUT", help="JPEG or PNG files; then the folder for the predictions"),
    ]
    weights: WeightsOption = None
    focal: Annotated[
        float | None,
        typer.Option(metavar="PX", help="focal length in pixels of the pictures; default: from EXIF"),
    ] = None
    ply: Annotated[bool, typer.Option("--ply", help="also write a coloured point cloud, one point per pixel")] = False
    json: JsonOption = False


@dataclass(frozen=True)
class Target:
    """A picture and the files to write for it, by content: depth, picture and, on request, cloud."""

    image: Path
    files: dict[str, Path]


@dataclass(frozen=True)
class PredictedPicture:
    """One picture in the JSON output.

    focal_from     option, exif or unknown
    depth_range_m  nearest and farthest depth; None if all of it is beyond what a depth map holds
    """

    image: str
    size: tuple[int, int]
    focal_px: float | None
    focal_from: str
    depth_range_m: list[float] | None
    files: dict[str, str]


def run(options: PredictCommand) -> int:
    """Predict the depth of each picture. Returns the exit status: 3 if a picture was damaged, 1 if all were.

    Raises LidarliveError before anything is written if a file is not a picture or would be overwritten; later, if the
    folder cannot be written to.
    """
    if len(options.images) < 2:
        raise typer.BadParameter("name at least one picture and the folder for the predictions")
    *images, out = options.images
    focal = options.focal
    if focal is not None and not 0 < focal < MAX_FOCAL_PX:
        raise LidarliveError(f"--focal must be in pixels, above 0 and below {MAX_FOCAL_PX:.0f}. Received: {focal:g}")
    for image in images:
        check_photo(image)
    targets = [Target(image, _files(image, out, options.ply)) for image in images]
    _require_free(targets, out)
    predictor = Predictor(store.named_or_active(options.weights))
    predicted: list[PredictedPicture] = []
    damaged: list[LidarliveError] = []
    console = Console(stderr=True)
    silent = options.json or not console.is_terminal
    for target in track(targets, "predicting", console=console, transient=True, disable=silent):
        try:
            photo = read_photo(target.image)
        except LidarliveError as error:  # predict the others nevertheless
            damaged.append(error)
            continue
        predicted.append(_predict(predictor, photo, target, focal))
    _report(predicted, damaged, options.json)
    return 0 if not damaged else 3 if predicted else 1


def _files(image: Path, out: Path, ply: bool) -> dict[str, Path]:
    endings = {"depth": ".depth.png", "picture": ".png"} | ({"cloud": ".ply"} if ply else {})
    return {part: out / f"{image.stem}{ending}" for part, ending in endings.items()}


def _require_free(targets: list[Target], out: Path) -> None:
    """Raise LidarliveError if a file would overwrite an existing one, or one of the same run."""
    if os.path.exists(out) and not os.path.isdir(out):
        raise LidarliveError(f"{out} is not a folder; the last argument is the folder for the predictions")
    taken: dict[str, Path] = {}
    for target in targets:
        for file in target.files.values():
            name = file.name.casefold()  # A.png and a.png are one file on macOS and Windows
            if name in taken:
                raise LidarliveError(
                    f"{taken[name]} and {target.image} would both become {file}: predict one elsewhere"
                )
            taken[name] = target.image
            if os.path.lexists(file):
                raise LidarliveError(f"{file} exists already: delete it or name another folder")


def _predict(predictor: Predictor, photo: Photo, target: Target, focal: float | None) -> PredictedPicture:
    """Predict one picture and write its files. Raises LidarliveError if they cannot be written."""
    focal_px = photo.focal_px if focal is None else focal
    camera = _camera(photo.size, focal_px, predictor.config)
    depth_m = predictor(photo.rgb, camera).depth_m
    range_m = _range(depth_m)
    contents = {
        "depth": encode_depth(_resized(depth_m, photo.size)),
        "picture": encode_side_by_side(photo.rgb, depth_m, *(range_m or (0.0, MAX_DEPTH_M))),
    }
    if "cloud" in target.files:
        # One point per pixel of the network: interpolated ones would bridge the edges of objects.
        contents["cloud"] = encode_ply(photo.rgb, clean_depth(depth_m), camera)
    _write({target.files[part]: data for part, data in contents.items()}, target.image)
    return PredictedPicture(
        image=str(target.image),
        size=photo.size,
        focal_px=focal_px,
        focal_from="unknown" if focal_px is None else "exif" if focal is None else "option",
        depth_range_m=range_m,
        files={part: str(file) for part, file in target.files.items()},
    )


def _camera(size: tuple[int, int], focal_px: float | None, config: VersionConfig) -> Intrinsics:
    """Return square pixels and a centred principal point; the canonical focal length of the network if it is None."""
    canonical = config.canonical_focal_px or CANONICAL_FOCAL_PX
    focal = focal_px or canonical * size[0] / config.input_size(is_landscape(size))[0]
    return Intrinsics(focal, focal, size[0] / 2, size[1] / 2)


def _resized(depth_m: DepthMap, size: tuple[int, int]) -> DepthMap:
    return np.asarray(cv2.resize(depth_m, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _range(depth_m: DepthMap) -> list[float] | None:
    """Return the 2nd and 98th percentile in metres; None if all is beyond what a depth map holds."""
    depth = clean_depth(depth_m)
    return np.percentile(depth[depth > 0], PERCENTILES).tolist() if (depth > 0).any() else None


def _write(contents: dict[Path, bytes], image: Path) -> None:
    """Write all files of a picture or none. Raises LidarliveError."""
    out = next(iter(contents)).parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, data in contents.items():
            replace_file(file, data)
    except OSError as error:
        for file in contents:
            with contextlib.suppress(OSError):  # the first error is the one to report
                file.unlink(missing_ok=True)
        raise LidarliveError(
            f"the prediction for {image} cannot be written into {out} ({error.strerror}); free space there or choose "
            "another folder"
        ) from None


def _report(predicted: list[PredictedPicture], damaged: list[LidarliveError], as_json: bool) -> None:
    if as_json and predicted:
        print(json.dumps([asdict(each) for each in predicted]))
    else:
        for each in predicted:
            _print_line(each)
    for error in damaged:
        print(f"lidarlive: {error}", file=sys.stderr)
    guessed = ", ".join(each.image for each in predicted if each.focal_from == "unknown")
    if guessed:
        print(
            f"lidarlive: focal length unknown, so the scale in metres is a guess; set it with --focal PX: {guessed}",
            file=sys.stderr,
        )


def _print_line(predicted: PredictedPicture) -> None:
    near_far = predicted.depth_range_m
    depth = "{:.2f} to {:.2f} m".format(*near_far) if near_far else "nothing within 65 m"
    focal = "unknown" if predicted.focal_px is None else f"{predicted.focal_px:.0f} px ({predicted.focal_from})"
    print(f"{predicted.files['picture']}: {depth}, focal length {focal}")
