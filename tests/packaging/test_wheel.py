"""The distribution: `python -m build` gives a wheel and an sdist, and the wheel runs outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import cv2
import pytest

from capture.recording import Dataset
from tests.support.frames import write_recording
from tests.support.paths import ROOT
from tests.support.walks import walk_frame

pytestmark = pytest.mark.slow

PACKAGES = ("app", "capture", "model", "weights")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist of this checkout and the wheel built from that sdist, by suffix."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT), cwd=out)
    return {"sdist": next(out.glob("*.tar.gz")), "wheel": next(out.glob("*.whl"))}


@pytest.fixture(scope="module")
def python(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel installed. It borrows the dependencies, 2 GB, from the running interpreter."""
    folder = tmp_path_factory.mktemp("outside") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    purelib = run(str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip()
    # A .pth of a borrowed folder is not read, so the editable install of the checkout stays out.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    Path(purelib, "borrowed.pth").write_text("\n".join(borrowed))
    install = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--force-reinstall", str(built["wheel"])]
    run(str(python), *install)
    return python


def run(*command: str, cwd: Path | None = None, **environment: str) -> str:
    """Standard output of a command that must succeed, run without the checkout on its path."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, "QT_QPA_PLATFORM": "offscreen", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stdout + done.stderr  # 3: the stand-in phone dropped a frame
    assert "Traceback" not in done.stderr
    return done.stdout


def test_metadata_is_valid(built: dict[str, Path]) -> None:
    files = [str(path) for path in built.values()]
    assert run(sys.executable, "-m", "twine", "check", "--strict", *files).count("PASSED") == 2


def test_every_file_of_the_packages_is_in_the_wheel(built: dict[str, Path]) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(built["wheel"]) as wheel:
        assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files
    assert {f"{package}/py.typed" for package in ("app", "capture", "model")} <= files


def test_the_sdist_has_what_make_needs(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "constraints.txt", "LICENSE", "NOTICE", "README.md", "docs/window.png"} <= names
    assert "tests/packaging/test_wheel.py" in names


@pytest.mark.usefixtures("record3d_package")
def test_the_window_shows_the_demo_room_outside_the_checkout(python: Path, tmp_path: Path) -> None:
    assert ROOT not in Path(run(str(python), "-c", "import app; print(app.__file__)", cwd=tmp_path)).parents
    command = [str(python.parent / "lidarlive"), "view", "--source", "demo", "--frames", "30", "--screenshot", "it.png"]
    run(*command, cwd=tmp_path)
    picture = cv2.imread(str(tmp_path / "it.png"))
    assert picture is not None
    assert picture.std() > 10, "the window shows pictures"


@pytest.mark.timeout(600)
def test_a_training_runs_outside_the_checkout(python: Path, tmp_path: Path) -> None:
    for name, first in (("kitchen", 0), ("garden", 40)):
        write_recording(tmp_path / "data", name, [walk_frame(first + i) for i in range(4)])
    assert len(Dataset(tmp_path / "data")) == 2
    command = [str(python.parent / "lidarlive"), "train", "data", "--out", "version", "--json"]
    shortest = ["--preset", "original", "--from-scratch", "--epochs", "1", "--size", "32x48"]
    events = [json.loads(line) for line in run(*command, *shortest, cwd=tmp_path).splitlines()]
    assert events[-1]["event"] == "done"
    written = {path.name for path in (tmp_path / "version").iterdir()}
    assert {"gradient.keras", "finetune.keras", "pair.xml", "pair.bin", "config.json", "report.json"} <= written
    run(str(python.parent / "lidarlive"), "evaluate", "data", "--weights", "version", "--json", cwd=tmp_path)
