"""`lidarlive weights export`: run as its README describes it answers as Keras does; a refusal leaves nothing."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from capture.errors import LidarliveError
from model.config import CANONICAL_FOCAL_PX, VersionConfig, file_crc32
from model.export import openvino as export
from model.export.formats import Wanted
from model.export.formats import export as export_version
from model.openvino_runtime import CORE, openvino
from model.presets import registry
from model.presets.base import Preset
from model.presets.registry import open_networks
from tests.support.disks import leave_free
from tests.support.events import into
from tests.support.paths import ROOT
from tests.support.programs import lidarlive
from tests.support.tiny import TINY, register

FILES = {
    "openvino": {"pair.xml", "pair.bin"},
    "tf": {"saved_model.pb", "fingerprint.pb", "variables", "assets"},
    "litert": {"pair.tflite"},
}
SIZE = (32, 48)

pytestmark = [
    pytest.mark.trainer,
    pytest.mark.timeout(900),  # TensorFlow's graphs of whole networks, however busy the computer is
]


def write_version(folder: Path, preset: Preset, seed: int = 0) -> Path:
    """A version as a training leaves it, but untrained."""
    keras.utils.set_random_seed(seed)
    pair = preset.build()
    folder.mkdir(parents=True)
    for name, network in pair._asdict().items():
        network.save(folder / f"{name}.keras")
    export.export_openvino(preset.graph(pair), folder, SIZE)
    config = VersionConfig(
        created_utc="2026-01-01T00:00:00Z",
        size=SIZE,
        canonical_focal_px=preset.canonical_focal_px,
        preset=preset.name,
        parent=None,
        train={},
        data=[],
        software={},
        files={name: file_crc32(folder / name) for name in FILES["openvino"]},
    )
    (folder / "config.json").write_text(config.to_json())
    (folder / "card.md").write_text("# Weights version\n")
    return folder


@pytest.fixture(autouse=True)
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process; a child process does not know it."""
    register(monkeypatch)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A version of each preset; shared, so do not touch."""
    home = tmp_path_factory.mktemp("versions")
    return {preset.name: write_version(home / preset.name, preset) for preset in (TINY, registry.PRESETS["original"])}


@pytest.fixture
def tiny(folders: dict[str, Path], tmp_path: Path) -> Path:
    """One to be hurt."""
    return Path(shutil.copytree(folders["tiny"], tmp_path / "tiny"))


def run_as_its_readme_says(folder: Path, rgb: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What its example makes of a picture (1, h, w, 3), for twice the canonical focal length."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    code, pictures = re.subn(r"np\.zeros\(.*\)", "picture", code)
    code, focals = re.subn(r"fx = 200 ", "fx = 400 ", code)
    assert (pictures, focals) == (1, 0 if "original" in folder.name else 1)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        openvino, "Core", lambda: CORE
    )  # a second one in the process and its end: see model/openvino_runtime.py
    names: dict[str, Any] = {"picture": rgb}
    exec(code, names)
    return names


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("preset", ["tiny", "original"])
def test_run_as_its_readme_says_it_answers_as_keras_does(
    preset: str, form: str, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out, events = tmp_path / f"{preset}-{form}", []
    assert export_version(Wanted(str(folders[preset]), str(out), form), into(events)) == out
    difference = events[-1].pop("difference")
    assert events[-1] == {"event": "done", "out": str(out), "version": preset, "format": form}
    assert 0 <= difference < 1e-3
    assert {file.name for file in out.iterdir()} == {"README.md", "config.json", "card.md", *FILES[form]}
    assert list(tmp_path.iterdir()) == [out]
    for name in ("config.json", "card.md"):
        assert (out / name).read_bytes() == (folders[preset] / name).read_bytes()

    kind = registry.PRESETS[preset]
    graph = kind.graph(open_networks(kind, folders[preset], 0))
    for shape in ((48, 32), (32, 48)):
        rgb = np.random.default_rng(5).integers(0, 256, (1, *shape, 3), dtype=np.uint8)
        answer, expected = run_as_its_readme_says(out, rgb, monkeypatch), graph(rgb, training=False)
        metres = np.asarray(expected["canonical_depth"]) * (1 if kind.canonical_focal_px is None else 2)
        assert np.allclose(answer["depth_m"], metres, rtol=1e-4, atol=1e-5)
        assert np.allclose(answer["edges"], expected["edges"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("broken", ["canonical_depth", "edges"])
@pytest.mark.parametrize("factor", [1.01, np.nan])
def test_an_answer_that_is_off_in_one_orientation_is_refused(broken: str, factor: float):
    keras.utils.set_random_seed(0)
    graph = TINY.graph(TINY.build())

    def run(rgb: np.ndarray) -> dict[str, np.ndarray]:
        answers = {name: np.array(answer) for name, answer in graph(rgb, training=False).items()}
        if rgb.shape[1] < rgb.shape[2]:
            answers[broken] *= factor
        return answers

    with pytest.raises(LidarliveError, match="differ from Keras by"):
        export.difference(graph, run, SIZE)
    assert export.difference(graph, lambda rgb: graph(rgb, training=False), SIZE) < 1e-6


def test_a_pair_that_is_not_of_these_networks_is_refused(tiny: Path, tmp_path: Path):
    other = write_version(tmp_path / "other", TINY, seed=1)
    for name in ("pair.xml", "pair.bin", "config.json"):
        shutil.copy(other / name, tiny)
    refused(tiny, "openvino", r"^The converted networks differ from Keras by .* at most 0\.001 is allowed$")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *itertools.product(["gradient.keras", "finetune.keras", "pair.bin"], ["gone", "flipped", "cut"]),
        ("card.md", "gone"),
    ],
)
def test_a_version_that_is_damaged_is_one_clear_line(tiny: Path, name: str, how: str):
    data = bytearray((tiny / name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    if how == "gone":
        (tiny / name).unlink()
    else:
        (tiny / name).write_bytes(data if how == "flipped" else data[: len(data) // 2])
    refused(
        tiny,
        "openvino",
        r"^(There is no weights version )?[^\n]*tiny[^\n]*(cannot be read|is damaged|Versions: )[^\n]*$",
    )


def test_networks_without_the_weights_of_their_layers_are_refused(tiny: Path, tmp_path: Path):
    """Keras only warns of those, and gives the layers random weights."""
    weights = tmp_path / "weights.h5"
    with zipfile.ZipFile(tiny / "gradient.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        file.move("layers", "elsewhere")
    with zipfile.ZipFile(tiny / "gradient.keras", "w") as archive:
        for name, data in {**members, "model.weights.h5": weights.read_bytes()}.items():
            archive.writestr(name, data)
    refused(tiny, "openvino", r"its networks cannot be read \([^\n]*\)\. Train from scratch")


def test_networks_of_another_kind_are_refused(tiny: Path):
    """As `lidarlive bench model` leaves them."""
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps({**config, "preset": "fastdepth"}))
    refused(tiny, "tf", r"its preset must be one of fast, original, tiny\. Received: 'fastdepth'$")


def refused(version: Path, form: str, message: str, out: Path | None = None) -> None:
    """The export is, and leaves nothing."""
    out = out or version.parent / "new" / "out"
    with pytest.raises(LidarliveError, match=message):
        export_version(Wanted(str(version), str(out), form))
    assert not out.parent.exists() or list(out.parent.glob("*out*")) == []


@pytest.mark.parametrize("form", FILES)
def test_a_full_disk_is_one_clear_line(form: str, folders: dict[str, Path], small_disk: Path):
    leave_free(small_disk, 1_000_000)
    refused(
        folders["original"],
        form,
        r"out cannot be written \(No space left on device\); nothing was saved$",
        small_disk / "out",
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["starter", "{tmp}/out", "--format", "onnx"],
            "--format must be one of openvino, tf, litert. Received: 'onnx'",
        ),
        (["nobody", "{tmp}/out", "--format", "tf"], "There is no weights version nobody"),
        (["starter", "{tmp}", "--format", "tf"], "exists already"),
        (["starter", "{tmp}/file/out", "--format", "tf"], "file/out cannot be written"),
    ],
)
def test_bad_input(words: list[str], line: str, tmp_path: Path):
    (tmp_path / "file").touch()
    done = lidarlive("weights", "export", *(word.format(tmp=tmp_path) for word in words))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("lidarlive: ")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert [child.name for child in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot ask a process to end")
def test_an_export_that_is_stopped_leaves_nothing(folders: dict[str, Path], tmp_path: Path):
    wanted = {"version": str(folders["original"]), "out": str(tmp_path / "out"), "format": "litert"}
    command = [sys.executable, "-m", "model.export.formats"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(wanted))
        child.stdin.close()
        events = []
        for line in child.stdout:
            events.append(json.loads(line))
            if events[-1].get("stage") == "converting":
                child.send_signal(signal.SIGTERM)
                child.send_signal(signal.SIGINT)  # as Ctrl-C does, by the terminal and through the parent
    assert child.returncode == 1
    assert events[-1] == {"event": "error", "message": "The export was stopped; nothing was saved"}
    assert list(tmp_path.iterdir()) == []


def test_the_starter_by_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "starter"
    done = lidarlive("weights", "export", "starter", out, "--format", "litert", "--json", timeout=800)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert 0 < document.pop("difference") < 1e-3
    assert document == {"out": str(out), "version": "starter", "format": "litert"}
    assert CANONICAL_FOCAL_PX == 200
    answer = run_as_its_readme_says(out, np.full((1, 256, 192, 3), 128, np.uint8), monkeypatch)
    assert answer["depth_m"].shape == (1, 256, 192, 1)
    assert (answer["depth_m"] > 0).all()
