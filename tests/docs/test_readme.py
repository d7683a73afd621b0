"""What the README shows in Python is true: it runs on a recording."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.support.frames import write_recording
from tests.support.paths import ROOT
from tests.support.walks import walk_frame

README = ROOT / "README.md"


def test_recordings_as_arrays_and_as_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (block,) = (code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if "tf.data" in code)
    assert len([line for line in block.splitlines() if line]) <= 10
    frames = [walk_frame(i) for i in range(10)]
    for name, part in (("a", frames[:4]), ("b", frames[4:])):
        write_recording(tmp_path / "data", name, part)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block, names)
    rgb, depth_m, batches = names["rgb"], names["depth_m"], names["batches"]
    assert (rgb.dtype, rgb.shape) == (np.uint8, (10, 96, 72, 3))
    assert (depth_m.dtype, depth_m.shape) == (np.float32, (10, 32, 24))
    np.testing.assert_allclose(depth_m, [frame.depth_m for frame in frames], atol=0.00051)
    got = [(pictures.numpy(), depths.numpy()) for pictures, depths in batches]
    assert [len(pictures) for pictures, _ in got] == [8, 2]
    np.testing.assert_array_equal(np.concatenate([pictures for pictures, _ in got]), rgb)
    np.testing.assert_array_equal(np.concatenate([depths for _, depths in got]), depth_m)
