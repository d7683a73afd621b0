"""`lidarlive predict` with the starter weights: its files, its output, and what it does not overwrite."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData

from app.cli.pictures.photo import read_photo
from capture.frame import Intrinsics
from model import store
from model.predictor import Predictor
from tests.app.cli.conftest import Call
from tests.support.pictures import exif
from tests.support.programs import lidarlive
from tests.support.weights import write_weights

SCENE = cv2.resize(np.random.default_rng(5).integers(0, 256, (6, 5, 3)).astype(np.uint8), (150, 200))


class Done(NamedTuple):
    status: int
    out: str
    errors: list[str]


@pytest.fixture
def predict(call: Call) -> Callable[..., Done]:
    """Run `lidarlive predict WORDS...` in this process."""

    def run(*words: object) -> Done:
        done = call("predict", *words)
        assert "Traceback" not in done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr.splitlines())

    return run


@pytest.fixture(scope="module")
def starter() -> Predictor:
    folder = store.starter()
    assert folder is not None
    return Predictor(folder)


def save(path: Path, pixels: np.ndarray = SCENE, tags: Image.Exif | None = None) -> Path:
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, exif=tags or Image.Exif(), quality=95)
    return path


def cut(path: Path) -> Path:
    """Save a truncated picture."""
    save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def depth_of(path: Path) -> np.ndarray:
    depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    return depth


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("turned", [False, True])
def test_files_hold_what_the_network_predicts(turned: bool, predict, starter: Predictor, tmp_path: Path):
    image = save(tmp_path / "room.jpg", SCENE.transpose(1, 0, 2) if turned else SCENE)
    done = predict(image, tmp_path / "out", "--focal", 300, "--ply", "--json")
    assert (done.status, done.errors) == (0, [])
    (row,) = json.loads(done.out)
    rgb = read_photo(image).rgb
    size = (200, 150) if turned else (150, 200)
    camera = Intrinsics(300.0, 300.0, size[0] / 2, size[1] / 2)
    expected = starter(rgb, camera).depth_m
    files = {"depth": "room.depth.png", "picture": "room.png", "cloud": "room.ply"}
    near, far = row.pop("depth_range_m")
    assert row == {
        "image": str(image),
        "size": list(size),
        "focal_px": 300,
        "focal_from": "option",
        "files": {part: str(tmp_path / "out" / name) for part, name in files.items()},
    }
    assert (near, far) == pytest.approx(np.percentile(expected, (2, 98)).tolist(), rel=1e-3)
    assert names(tmp_path / "out") == sorted(files.values())
    whole = cv2.resize(expected, size, interpolation=cv2.INTER_LINEAR) * 1000
    assert np.abs(depth_of(tmp_path / "out" / "room.depth.png") - whole).max() < 1.5
    points = PlyData.read(tmp_path / "out" / "room.ply")["vertex"]
    assert np.allclose(-points["z"], expected.ravel(), rtol=1e-3)
    # the corner is seen at the angle that the focal length says
    assert -points["x"][0] / points["z"][0] == pytest.approx(-size[0] / 2 / 300, rel=0.01)


def test_every_kind_of_picture_comes_out_upright_at_its_own_size(predict, tmp_path: Path):
    pictures = [
        save(tmp_path / "plain.png"),
        save(tmp_path / "turned.png", np.rot90(SCENE), exif(6)),
        save(tmp_path / "alpha.png", np.dstack([SCENE, np.full(SCENE.shape[:2], 255, np.uint8)])),
        save(tmp_path / "grey.jpg", SCENE[..., 1]),
        save(tmp_path / "wide.jpg", SCENE[:40]),
        save(tmp_path / "dot.png", SCENE[:1, :1]),
    ]
    done = predict(*pictures, tmp_path / "out")
    assert done.status == 0
    assert [line.partition(": ")[0] for line in done.out.splitlines()] == [
        str(tmp_path / "out" / f"{picture.stem}.png") for picture in pictures
    ]
    depths = {picture.stem: depth_of(tmp_path / "out" / f"{picture.stem}.depth.png") for picture in pictures}
    assert {stem: depth.shape for stem, depth in depths.items()} == {
        "plain": (200, 150),
        "turned": (200, 150),
        "alpha": (200, 150),
        "grey": (200, 150),
        "wide": (40, 150),
        "dot": (1, 1),
    }
    assert np.array_equal(depths["plain"], depths["turned"])
    assert np.array_equal(depths["plain"], depths["alpha"])
    assert all(depth.min() > 0 for depth in depths.values())


def test_the_focal_length_is_the_options_else_exifs_else_a_guess_that_is_told(predict, tmp_path: Path):
    known, unknown = save(tmp_path / "known.jpg", tags=exif(1, 26)), save(tmp_path / "unknown.jpg")
    done = predict(known, unknown, tmp_path / "out", "--json", "--ply")
    rows = json.loads(done.out)
    from_exif = 26 / np.hypot(36, 24) * 250  # of 150x200 pixels
    assert [(row["focal_px"], row["focal_from"]) for row in rows] == [
        (pytest.approx(from_exif), "exif"),
        (None, "unknown"),
    ]
    assert done.status == 0
    assert done.errors == [
        f"lidarlive: focal length unknown, so the scale in metres is a guess; set it with --focal PX: {unknown}"
    ]
    depths = [depth_of(tmp_path / "out" / f"{name}.depth.png") for name in ("known", "unknown")]
    canonical = 200 * 150 / 192  # the network's own, in pixels of this picture
    assert np.allclose(depths[0] / depths[1], from_exif / canonical, rtol=0.002)
    corner = PlyData.read(tmp_path / "out" / "unknown.ply")["vertex"][0]
    assert corner["x"] / corner["z"] == pytest.approx(75 / canonical, rel=0.01)
    chosen = predict(known, tmp_path / "chosen", "--focal", 2 * from_exif)
    assert (chosen.status, chosen.errors) == (0, [])
    assert chosen.out.endswith(f"focal length {2 * from_exif:.0f} px (option)\n")
    assert np.allclose(depth_of(tmp_path / "chosen" / "known.depth.png") / depths[0], 2, rtol=0.002)


def test_other_weights_predict_other_depth(predict, tmp_path: Path):
    """The weights predict 1 m plus a centimetre per grey level, so the depth of black and of mid grey is exact."""
    weights = write_weights(tmp_path / "weights")
    black, grey = (save(tmp_path / f"{v}.png", np.full((90, 60, 3), v, np.uint8), exif(1, 27)) for v in (0, 100))
    done = predict(black, grey, tmp_path / "out", "--weights", weights)
    assert (done.status, done.errors) == (0, [])
    scale = 27 / np.hypot(36, 24) * np.hypot(60, 90) * 192 / 60 / 200
    for image, metres in ((black, 1.0), (grey, 2.0)):
        depth = depth_of(tmp_path / "out" / f"{image.stem}.depth.png")
        assert np.abs(depth - 1000 * scale * metres).max() <= 1
        assert f"{scale * metres:.2f} to {scale * metres:.2f} m, focal length" in done.out
    far = predict(grey, tmp_path / "far", "--weights", weights, "--focal", 9e5, "--ply", "--json")
    assert json.loads(far.out)[0]["depth_range_m"] is None, "beyond what 16 bits of millimetres hold"
    assert not depth_of(tmp_path / "far" / "100.depth.png").any()
    assert PlyData.read(tmp_path / "far" / "100.ply")["vertex"].count == 0


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["{tmp}/missing.jpg", "{tmp}/out"], "missing.jpg cannot be read (No such file or directory)"),
        (["{tmp}", "{tmp}/out"], "is a folder"),
        (["{tmp}/good.png", "{tmp}/text.jpg", "{tmp}/out"], "text.jpg is no JPEG or PNG picture"),
        (["{tmp}/cut.jpg", "{tmp}/out"], "cut.jpg is damaged"),
        (["{tmp}/good.png", "{tmp}/text.jpg"], "text.jpg is not a folder"),
        (["{tmp}/good.png", "{tmp}/text.jpg/out"], "cannot be written into {tmp}/text.jpg/out (Not a directory)"),
        (["{tmp}/good.png", "{tmp}/" + 300 * "o"], "(File name too long)"),
        (["{tmp}/good.png", "{tmp}/out", "--weights", "nobody"], "There is no weights version nobody"),
        (["{tmp}/good.png", "{tmp}/out", "--focal", "0"], "Received: 0"),
        (["{tmp}/good.png", "{tmp}/out", "--focal", "nan"], "Received: nan"),
        (["{tmp}/good.png", "{tmp}/good.jpg", "{tmp}/out"], "would both become {tmp}/out/good.depth.png"),
        (["{tmp}/good.png", "{tmp}/Good.png", "{tmp}/out"], "would both become {tmp}/out/Good.depth.png"),
        (["{tmp}/good.png", "{tmp}/good.png", "{tmp}/out"], "would both become"),
        (["{tmp}/good.depth.jpg", "{tmp}/good.png", "{tmp}/out"], "would both become {tmp}/out/good.depth.png"),
        (["{tmp}/good.jpg", "{tmp}"], "{tmp}/good.png exists already"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(words: list[str], fault: str, predict, tmp_path: Path):
    for name in ("good.png", "Good.png", "good.jpg", "good.depth.jpg"):
        save(tmp_path / name)
    (tmp_path / "text.jpg").write_text("nothing of the kind")
    cut(tmp_path / "cut.jpg")
    before = names(tmp_path)
    done = predict(*(word.format(tmp=tmp_path) for word in words), "--json")
    assert (done.status, done.out) == (1, "")
    (line,) = done.errors
    assert line.startswith("lidarlive: ")
    assert fault.format(tmp=tmp_path) in line
    assert names(tmp_path) == before


def test_one_word_is_wrong_usage(predict, tmp_path: Path):
    done = predict(save(tmp_path / "good.png"))
    assert done.status == 2
    assert names(tmp_path) == ["good.png"]


def test_a_damaged_picture_does_not_keep_the_others_from_being_done(predict, tmp_path: Path):
    pictures = [save(tmp_path / "a.jpg"), cut(tmp_path / "b.jpg"), cut(tmp_path / "c.png"), save(tmp_path / "d.png")]
    done = predict(*pictures, tmp_path / "out", "--focal", 200, "--json")
    assert done.status == 3
    assert [row["image"] for row in json.loads(done.out)] == [str(pictures[0]), str(pictures[3])]
    assert [line.partition(" is damaged")[0] for line in done.errors] == [f"lidarlive: {p}" for p in pictures[1:3]]
    assert names(tmp_path / "out") == ["a.depth.png", "a.png", "d.depth.png", "d.png"]
    none = predict(*pictures[1:3], tmp_path / "none")
    assert (none.status, none.out, len(none.errors)) == (1, "", 2)
    assert not (tmp_path / "none").exists()


def test_what_is_there_is_never_written_over(predict, tmp_path: Path):
    image, out = save(tmp_path / "a.jpg"), tmp_path / "out"
    assert predict(image, out).status == 0
    (out / "a.png").write_bytes(b"mine")
    (out / "a.depth.png").unlink()
    done = predict(save(tmp_path / "b.jpg"), image, out)
    assert (done.status, done.out) == (1, "")
    assert done.errors == [f"lidarlive: {out / 'a.png'} exists already: delete it or name another folder"]
    assert names(out) == ["a.png"]
    assert (out / "a.png").read_bytes() == b"mine"


def test_a_full_disk_leaves_whole_pictures_only(predict, small_disk: Path, tmp_path: Path):
    """The disk has room for the files of the first picture and some of those of the second."""
    first, second = save(tmp_path / "a.png"), save(tmp_path / "b.png")
    assert predict(first, tmp_path / "elsewhere", "--focal", 200, "--ply").status == 0
    needed = sum(path.stat().st_size for path in (tmp_path / "elsewhere").iterdir())
    with open(small_disk / "filling", "wb") as filling:
        filling.write(bytes(96 * 2**20 - int(1.5 * needed)))
    done = predict(first, second, small_disk / "out", "--focal", 200, "--ply")
    assert (done.status, done.out) == (1, "")
    (line,) = done.errors
    assert line.startswith(f"lidarlive: the prediction for {second} cannot be written into {small_disk / 'out'} (No")
    assert names(small_disk / "out") == names(tmp_path / "elsewhere")
    for name in names(small_disk / "out"):
        assert (small_disk / "out" / name).read_bytes() == (tmp_path / "elsewhere" / name).read_bytes()


def test_the_program_itself_and_no_tensorflow_in_it(tmp_path: Path):
    image = save(tmp_path / "a.jpg")
    done = lidarlive("predict", image, tmp_path / "out", "--focal", 200)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path / 'out' / 'a.png'}: ")
    code = f"""
import sys
from pathlib import Path
from app.cli.predict import PredictCommand, run
run(PredictCommand([Path({str(image)!r}), Path({str(tmp_path / "again")!r})], focal=200, ply=True))
print({{"tensorflow", "keras"}} & set(sys.modules))
"""
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout.splitlines()[-1] == "set()"
