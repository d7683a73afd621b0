"""bfloat16 emulated by Keras: what it costs networks that bear it and one that does not, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import pytest

from capture.errors import LidarliveError
from model.config import BFLOAT16, CANONICAL_FOCAL_PX, FLOAT32, VersionConfig
from model.data.batches import FrameRef, Sampling, frames_of
from model.data.split import open_recordings
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.presets.base import Model, Pair, Preset
from model.training.precision import rmse_by_precision
from tests.support.scenes import scene_recording
from tests.support.tiny import TINY

pytestmark = pytest.mark.trainer

SAMPLING = Sampling((64, 96), CANONICAL_FOCAL_PX)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[FrameRef]:
    folder = scene_recording(tmp_path_factory.mktemp("dataset"), "room", 6, seed=1)
    return frames_of(open_recordings([folder]))


@pytest.fixture
def version(tmp_path: Path) -> Path:
    keras.utils.set_random_seed(3)
    pair = TINY.build()
    pair.gradient.save(tmp_path / "gradient.keras")
    pair.finetune.save(tmp_path / "finetune.keras")
    return tmp_path


def far_off(pair: Pair) -> Model:
    """Depth as the small difference of two large numbers: beyond the precision of 8 bits."""
    graph = TINY.graph(pair)
    larger = keras.layers.Rescaling(1.0, offset=1000.0, dtype=pair.finetune.layers[-1].dtype_policy)
    depth = keras.ops.cast(larger(graph.output[DEPTH_OUTPUT]), "float32") - 1000.0
    return keras.Model(graph.input, {DEPTH_OUTPUT: depth, EDGES_OUTPUT: graph.output[EDGES_OUTPUT]})


def test_networks_that_bear_it_lose_next_to_nothing(version: Path, frames: list[FrameRef]) -> None:
    rmse_m = rmse_by_precision(TINY, version, frames, SAMPLING)
    assert rmse_m[BFLOAT16] != rmse_m[FLOAT32]
    assert rmse_m[BFLOAT16] == pytest.approx(rmse_m[FLOAT32], rel=0.02)


def test_a_graph_that_needs_more_bits_loses_much(version: Path, frames: list[FrameRef]) -> None:
    coarse: Preset = replace(TINY, graph=far_off)
    rmse_m = rmse_by_precision(coarse, version, frames, SAMPLING)
    assert rmse_m[BFLOAT16] > 1.05 * rmse_m[FLOAT32]


def test_without_held_out_frames_nothing_is_measured(version: Path) -> None:
    assert rmse_by_precision(TINY, version, [], SAMPLING) == {}


def test_networks_that_are_gone_are_one_clear_line(version: Path, frames: list[FrameRef]) -> None:
    (version / "finetune.keras").unlink()
    with pytest.raises(LidarliveError, match="its networks cannot be read"):
        rmse_by_precision(TINY, version, frames, SAMPLING)


@pytest.mark.parametrize(
    ("rmse_m", "precision"),
    [
        ({}, FLOAT32),
        ({FLOAT32: 0.5}, FLOAT32),
        ({FLOAT32: 0.5, BFLOAT16: 0.504}, BFLOAT16),
        ({FLOAT32: 0.5, BFLOAT16: 0.505}, FLOAT32),
    ],
)
def test_a_lower_precision_must_cost_less_than_a_hundredth(rmse_m: dict[str, float], precision: str) -> None:
    version = VersionConfig("", (192, 256), 200.0, "fast", None, {}, [], {}, rmse_m=rmse_m)
    assert version.precision == precision
