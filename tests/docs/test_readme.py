"""The Python in the documents runs on a recording."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.support.frames import write_recording
from tests.support.paths import ROOT
from tests.support.walks import walk_frame

FRAMES = 10


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder `data` of two recordings, in the current directory."""
    frames = [walk_frame(i) for i in range(FRAMES)]
    for name, part in (("a", frames[:4]), ("b", frames[4:])):
        write_recording(tmp_path / "data", name, part)
    monkeypatch.chdir(tmp_path)


def python_blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.usefixtures("data")
def test_the_readme_predicts_every_frame(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = python_blocks("README.md")
    assert len([line for line in block.splitlines() if line]) <= 10
    names: dict[str, object] = {}
    exec(block, names)
    assert len(capsys.readouterr().out.splitlines()) == FRAMES
    assert names["prediction"].depth_m.shape == (256, 192)


@pytest.mark.usefixtures("data")
def test_every_part_of_a_frame_is_there() -> None:
    (block,) = (block for block in python_blocks("docs/recordings.md") if "frame.pose" in block)
    exec(block, {})


@pytest.mark.trainer
@pytest.mark.usefixtures("data")
def test_recordings_as_arrays_and_as_a_data_set() -> None:
    (block,) = (block for block in python_blocks("docs/recordings.md") if "tf.data" in block)
    assert len([line for line in block.splitlines() if line]) <= 10
    names: dict[str, object] = {}
    exec(block, names)
    rgb, depth_m, batches = names["rgb"], names["depth_m"], names["batches"]
    assert (rgb.dtype, rgb.shape) == (np.uint8, (FRAMES, 96, 72, 3))
    assert (depth_m.dtype, depth_m.shape) == (np.float32, (FRAMES, 32, 24))
    frames = [walk_frame(i) for i in range(FRAMES)]
    np.testing.assert_allclose(depth_m, [frame.depth_m for frame in frames], atol=0.00051)
    received = [(pictures.numpy(), depths.numpy()) for pictures, depths in batches]
    assert [len(pictures) for pictures, _ in received] == [8, 2]
    np.testing.assert_array_equal(np.concatenate([pictures for pictures, _ in received]), rgb)
    np.testing.assert_array_equal(np.concatenate([depths for _, depths in received]), depth_m)
