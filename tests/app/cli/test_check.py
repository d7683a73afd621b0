"""What `lidarlive check` prints and returns: damage is 3, a remark is 0."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.cli.check import MAX_DETAILS, CheckCommand, run
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from tests.support.foreign import jpeg, png, put
from tests.support.frames import write_recording
from tests.support.scenes import scene_frame


def test_a_remark_is_no_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [scene_frame(i, seed=4) for i in range(20)]
    frames[4], frames[5] = (replace(frames[i], image=frames[i + 11].image) for i in (4, 5))
    path = write_recording(tmp_path, "swapped", frames)
    assert run(CheckCommand([tmp_path], json=False)) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"{path}: whole, 1 remark"
    assert second.startswith("    frames 4-5: picture and depth do not show the same")
    assert third.startswith("        One of them is from another moment")
    assert run(CheckCommand([tmp_path], json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["repaired"], found["damage"]) == ({}, {str(path): []})
    assert found["undetermined"] == found["untold"] == {str(path): ""}
    (finding,) = found["findings"][str(path)]
    assert (finding["kind"], finding["is_damage"], finding["frames"]) == ("pair", False, [4, 5])
    assert found["agreement"][str(path)] > 0.5


def test_damage_is_named_with_its_frames_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path, "hurt", [scene_frame(i) for i in range(12)])
    for i in range(2, 9):
        (path / "depth" / f"{i:06}.png").unlink()
    assert run(CheckCommand([tmp_path], json=False)) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}: 7 faults found"
    assert lines[1] == "    frames 2-8: files are missing, or are no longer what was recorded"
    assert lines[2].startswith("        frame 2: depth/000002.png cannot be read")
    assert lines[2 + MAX_DETAILS] == f"        and {7 - MAX_DETAILS} more"
    assert lines[3 + MAX_DETAILS].startswith("        The disk or a program has changed them.")
    assert run(CheckCommand([tmp_path], json=True)) == 3
    assert len(json.loads(capsys.readouterr().out)["damage"][str(path)]) == 7


def test_a_unit_that_an_import_assumed_is_doubted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    depth = np.linspace(6000, 40_000, 32 * 24).astype(np.uint16).reshape(32, 24)
    source = put(tmp_path / "in", {"rgb/0.jpg": jpeg(1), "depth/0.png": png(depth)})
    for name, scale, doubts in (("assumed", None, 1), ("right", 10_000, 0)):
        import_path(source, tmp_path / name, ImportOptions(scale), lambda *now: None)
        assert run(CheckCommand([tmp_path / name], json=True)) == 0
        ((_, findings),) = json.loads(capsys.readouterr().out)["findings"].items()
        assert [(each["kind"], each["is_damage"]) for each in findings] == [("depth_unit", False)] * doubts
        assert all(each["what"].endswith("probably with --depth-scale 10000") for each in findings)
