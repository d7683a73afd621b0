"""Pictures of any camera: upright, with the focal length from EXIF; any bytes give a picture or a LidarliveError."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from app.cli.pictures.photo import Photo, check_photo, focal_px, read_photo
from capture.errors import LidarliveError
from tests.support.foreign import png
from tests.support.pictures import claiming, exif, mutated

PIXELS = np.random.default_rng(3).integers(0, 256, (30, 20, 3)).astype(np.uint8)
# What a camera that is held so writes, by tag: the upright picture undone.
TURNED = {
    1: PIXELS,
    2: PIXELS[:, ::-1],
    3: PIXELS[::-1, ::-1],
    4: PIXELS[::-1],
    5: PIXELS.transpose(1, 0, 2),
    6: np.rot90(PIXELS),
    7: PIXELS[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(PIXELS, -1),
}


def coded(pixels: np.ndarray, kind: str = "PNG", tags: Image.Exif | None = None) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, exif=tags or Image.Exif(), quality=95)
    return buffer.getvalue()


def read(folder: Path, data: bytes) -> Photo:
    (folder / "picture").write_bytes(data)
    return read_photo(folder / "picture")


@pytest.mark.parametrize("orientation", [*TURNED, 0, 9, None])
def test_a_picture_stands_upright_however_the_camera_was_held(orientation: int | None, tmp_path: Path):
    photo = read(tmp_path, coded(TURNED.get(orientation or 1, PIXELS), tags=exif(orientation)))
    assert np.array_equal(photo.rgb, PIXELS)
    assert (photo.size, photo.rgb.dtype, photo.focal_px) == ((20, 30), np.uint8, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "MPO"])
def test_the_focal_length_comes_from_the_diagonal_and_stays_when_turned(kind: str, tmp_path: Path):
    """26 mm, an iPhone's main camera."""
    for orientation in (1, 6):
        large = np.zeros((756, 1008, 3), np.uint8)
        photo = read(tmp_path, coded(large, kind, exif(orientation, 26)))
        assert photo.focal_px == pytest.approx(26 / 43.2666 * 1260, rel=1e-5)
    assert focal_px(26, (4032, 3024)) == pytest.approx(3028.66, abs=0.01)
    assert focal_px(36, (3600, 2400)) == pytest.approx(3600), "over the film's own shape, millimetres are per cents"


@pytest.mark.parametrize("value", [0, "26", b"26"])
def test_a_focal_length_that_is_none_is_unknown(value: object, tmp_path: Path):
    assert read(tmp_path, coded(PIXELS, tags=exif(1, value))).focal_px is None


def test_grey_and_transparent_pictures_are_rgb(tmp_path: Path):
    grey = PIXELS[..., 0]
    assert np.array_equal(read(tmp_path, coded(grey)).rgb, np.stack([grey] * 3, axis=-1))
    wide = grey.astype(np.uint16) * 256 + 200
    assert np.array_equal(read(tmp_path, coded(wide)).rgb, np.stack([grey] * 3, axis=-1))
    see_through = np.dstack([PIXELS, np.zeros((30, 20), np.uint8)])
    assert np.array_equal(read(tmp_path, coded(see_through)).rgb, PIXELS)
    buffer = BytesIO()
    Image.fromarray(PIXELS).convert("P").save(buffer, "PNG")
    assert read(tmp_path, buffer.getvalue()).rgb.shape == PIXELS.shape


def test_bombs_are_refused_and_large_pictures_are_not(tmp_path: Path):
    path = tmp_path / "large.png"
    path.write_bytes(claiming(png(PIXELS), 9_000, 9_000))
    check_photo(path)
    for side in (10_000, 60_000):  # Pillow warns of the one and stops at the other
        path.write_bytes(claiming(png(PIXELS), side, side))
        with pytest.raises(LidarliveError, match=f"{path} has more than 89478485 pixels.*make it smaller"):
            check_photo(path)


def test_what_is_no_picture_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "text.jpg").write_text("nothing of the kind")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "other.png").write_bytes(b"GIF89a" + bytes(20))
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    names = {
        "text.jpg": "is no JPEG or PNG",
        "empty.jpg": "is no JPEG or PNG",
        "other.png": "is no JPEG or PNG",
        "loop.jpg": "cannot be read",
        "missing.jpg": r"cannot be read \(No such file",
        "pipe.jpg": "is a folder or a device",
        "folder.jpg": "is a folder or a device",
        "long" * 70: "cannot be read",
    }
    for name, fault in names.items():
        with pytest.raises(LidarliveError, match=fault) as raised:
            check_photo(tmp_path / name)
        assert str(raised.value).startswith(str(tmp_path / name))
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_cut_short_is_damaged(kind: str, tmp_path: Path):
    data = coded(np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8), kind)
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) // 2])
    check_photo(path)
    with pytest.raises(LidarliveError, match=f"{path} is damaged"):
        read_photo(path)


def test_exif_that_is_damaged_tells_what_it_still_can(tmp_path: Path):
    tags = exif(6, 26)
    tags[ExifTags.Base.ResolutionUnit] = 2
    whole = coded(TURNED[6], "JPEG", tags)
    assert whole.count(b"MM\x00*") == whole.count(b"\x01\x28\x00\x03") == 1
    for data in (whole, whole.replace(b"\x01\x28\x00\x03", b"\x01\x28\x00\x02")):  # a number that says it is text
        photo = read(tmp_path, data)
        assert (photo.size, photo.focal_px is not None) == ((20, 30), True)
    photo = read(tmp_path, whole.replace(b"MM\x00*", b"XX\x00*"))
    assert (photo.size, photo.focal_px) == ((30, 20), None)


@settings(deadline=None)  # a slow machine is not a fault
@given(data=st.one_of(mutated(coded(PIXELS, "JPEG", exif(6, 26))), mutated(coded(PIXELS, "PNG", exif(3, 50)))))
def test_any_bytes_are_a_picture_or_our_one_error(data: bytes, tmp_path_factory: pytest.TempPathFactory):
    try:
        photo = read(tmp_path_factory.mktemp("bytes"), data)
    except LidarliveError:
        return
    assert (photo.rgb.dtype, photo.rgb.ndim, photo.rgb.shape[2]) == (np.uint8, 3, 3)
    assert photo.focal_px is None or photo.focal_px > 0
