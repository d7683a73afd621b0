"""The published pair: its size to the parameter, its targets by hand, one real step, and what is exported of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from capture.errors import LidarliveError
from model.config import CANONICAL_FOCAL_PX
from model.data.batches import Batch, FrameRef, Sampling, load_sample
from model.data.split import open_recordings
from model.data.targets import log_canonical
from model.evaluation.metrics import Sums
from model.export.openvino import export_openvino
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.presets import memory, original
from model.presets.base import Pair
from tests.support.scenes import scene_recording

pytestmark = [
    pytest.mark.trainer,
    pytest.mark.timeout(600),  # TensorFlow's graphs of whole networks, however busy the computer is
]


@pytest.fixture(scope="module")
def pair() -> Pair:
    keras.utils.set_random_seed(0)
    return original.PRESET.build()


def batch_of(depth_m: list[list[float]], weight: float = 1.0, focal: float = 150.0) -> Batch:
    """One frame with this depth, as the pipeline gives it."""
    depth = np.array(depth_m, np.float32)
    weights = np.where(depth > 0, np.float32(weight), np.float32(0))
    return Batch(
        np.zeros((1, *depth.shape, 3), np.uint8),
        np.stack([log_canonical(depth, focal, CANONICAL_FOCAL_PX), weights], axis=-1)[None],
        np.array([focal], np.float32),
    )


def trainable(network: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_the_networks_have_the_parameters_that_were_published() -> None:
    for network in (original.rough_network(), original.gradient_network(), original.rough_network("tanh", "tanh")):
        assert (network.count_params(), trainable(network)) == (416_701, 415_501)
    finetune = original.finetune_network()
    assert (finetune.count_params(), trainable(finetune)) == (417_151, 415_951)


def test_the_layers_are_those_that_were_published() -> None:
    kinds = [type(layer).__name__ for layer in original.rough_network().layers]
    assert kinds == [
        "InputLayer",
        *["Conv2D", "BatchNormalization"] * 7,
        "Conv2DTranspose",
        "BatchNormalization",
        "Conv2D",
    ]
    finetune = original.finetune_network()
    filters = [layer.filters for layer in finetune.layers if hasattr(layer, "filters")]
    assert filters == [50, 50, 80, 120, 120, 80, 50, 50, 1]
    joined_by = next(layer for layer in finetune.layers if isinstance(layer, keras.layers.Concatenate))
    assert joined_by.output.shape[-1] == 51


@pytest.mark.parametrize("shape", [(32, 48), (48, 32), (37, 51), (5, 3)])
def test_any_size_is_answered_at_that_size(pair: Pair, shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (2, *shape, 3)).astype(np.float32)
    depth_mm, grey = original.joined(pair).predict_on_batch(rgb)
    assert depth_mm.shape == grey.shape == (2, *shape, 1)
    assert depth_mm.min() >= 0


def test_the_depth_target_is_whole_millimetres_and_0_where_nothing_counts() -> None:
    depth_m = [[0.0, 1.2344, 0.2], [65.535, 4.0, 80.0]]
    expected = [[0, 1234, 200], [65535, 4000, 65535]]
    assert original.depth_target(batch_of(depth_m))[0, ..., 0].tolist() == expected
    assert original.depth_target(batch_of(depth_m, focal=777.0))[0, ..., 0].tolist() == expected
    assert original.depth_target(batch_of(depth_m, weight=0.5))[0, ..., 0].tolist() == expected
    assert not original.depth_target(batch_of(depth_m, weight=0.0)).any()  # of confidence 0: nothing counts
    assert original.depth_target(batch_of(depth_m)).dtype == np.float32


def test_the_edge_target_is_the_stretched_sobel_magnitude_of_the_millimetres() -> None:
    depth_m = [[1.0, 1.0, 2.0, 2.0]] * 3 + [[1.0, 1.0, 2.0, 3.0]]
    grey = original.edge_target(batch_of(depth_m))[0, ..., 0]
    # At the two middle columns of the first row gx = 4 * 1000 and gy = 0; the borders are mirrored, so gx = 0 there.
    # The greatest, at the last row's third column: rows above, of and below it give gx = 1000 + 2 * 2000 + 1000.
    assert grey[0].tolist() == [0, 170, 170, 0]
    assert grey[3].tolist() == [0, 170, 255, 0]
    # Third row, fourth column: gy = (3 - 2) * 2 + 2 * (2 - 2), the column to its right being its left one mirrored.
    assert grey[2, 3] == round(255 * 2000 / 6000)
    assert not original.edge_target(batch_of([[2.0, 2.0, 2.0]] * 3)).any()


def test_a_hole_is_an_edge_to_the_published_version() -> None:
    grey = original.edge_target(batch_of([[2.0] * 5, [2.0] * 5, [2.0, 2.0, 0.0, 2.0, 2.0], [2.0] * 5, [2.0] * 5]))
    assert grey[0, 2, 1, 0] == grey[0, 1, 2, 0] == 255
    assert grey[0, 2, 2, 0] == grey[0, 0, 0, 0] == 0


def test_each_picture_is_stretched_by_itself() -> None:
    answers = np.array([[1.0, 3.0], [1001.0, 1101.0], [7.0, 7.0]], np.float32).reshape(3, 1, 2, 1)
    grey = keras.ops.convert_to_numpy(original.stretched(answers)).reshape(3, 2)
    assert np.allclose(grey, [[0, 255], [0, 255], [0, 0]])


def test_the_finetune_network_is_given_stretched_edges(pair: Pair) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (1, 24, 16, 3)).astype(np.float32)
    given = original.stretched(pair.gradient.predict_on_batch(rgb))
    expected = pair.finetune.predict_on_batch([rgb, given])
    depth_mm, grey = original.joined(pair).predict_on_batch(rgb)
    assert (grey.min(), round(float(grey.max()), 3)) == (0, 255)
    assert np.allclose(depth_mm, expected, rtol=1e-3, atol=1e-3)


def test_the_loss_is_the_mean_squared_error_of_all_pixels() -> None:
    target, answer = np.float32([[[[1000.0]], [[0.0]]]]), np.float32([[[[1010.0]], [[20.0]]]])
    assert float(original.squared_error(target, answer)) == (10**2 + 20**2) / 2


def test_steps_of_both_tasks_lower_the_loss_and_the_second_leaves_the_first_network_alone(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    recording = open_recordings([scene_recording(tmp_path, "room", 1)])[0]
    batch = load_sample(FrameRef(recording, 0), Sampling((24, 32), CANONICAL_FOCAL_PX))
    pair = original.PRESET.build()
    tasks = original.PRESET.tasks(pair)
    assert original.PRESET.recipe.learning_rate == 0.01
    for task in tasks:
        gradient_before = [np.array(weights) for weights in pair.gradient.get_weights()]
        task.model.compile(optimizer=keras.optimizers.Adam(0.01), loss=task.loss, jit_compile=False)
        losses = [float(task.model.train_on_batch(batch.rgb, task.target(batch))) for _ in range(5)]
        assert losses[-1] < losses[0], task.name
        moved = any(not np.array_equal(a, b) for a, b in zip(gradient_before, pair.gradient.get_weights(), strict=True))
        assert moved == (task.name == "gradient")
    assert task.depth_m is not None
    assert np.allclose(task.depth_m(original.depth_target(batch), batch)[batch.depth[0, ..., 1][None] == 0], 0)


def test_what_is_exported_answers_as_keras_does(tmp_path: Path, pair: Pair) -> None:
    graph = original.PRESET.graph(pair)
    assert export_openvino(graph, tmp_path, (24, 32)) < 1e-3
    rgb = np.random.default_rng(2).integers(0, 256, (1, 32, 24, 3), dtype=np.uint8)
    answer = graph.predict_on_batch(rgb)
    depth_mm, grey = original.joined(pair).predict_on_batch(rgb.astype(np.float32))
    assert np.allclose(answer[DEPTH_OUTPUT], depth_mm / 1000, atol=1e-5)
    assert np.allclose(answer[EDGES_OUTPUT], grey / 255, atol=1e-3)
    assert original.PRESET.canonical_focal_px is None


def test_an_answer_of_0_is_measured_as_no_answer() -> None:
    keras.utils.set_random_seed(4)
    pair = original.PRESET.build()
    pair.finetune.layers[-1].set_weights([np.zeros((3, 3, 50, 1), np.float32), np.float32([-1.0])])
    depth_m = original.PRESET.graph(pair).predict_on_batch(np.zeros((1, 8, 6, 3), np.uint8))[DEPTH_OUTPUT][0, ..., 0]
    assert not depth_m.any()
    sums = Sums()
    sums.add(depth_m, np.full((8, 6), 2.0, np.float32), np.ones((8, 6), bool))
    assert sums.metrics().unanswered == 1
    assert np.isfinite(sums.metrics().rmse_log)


def test_a_size_that_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(available=4_000_000_000)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: free)
    original.PRESET.check_memory((192, 256), 2)
    expected = r"at 720x960 with batch 2 takes about [\d.]+ GB of memory, and 4.0 GB are free. Close other programs"
    with pytest.raises(LidarliveError, match=expected) as error:
        original.PRESET.check_memory((720, 960), 2)
    estimate = float(re.findall(r"([\d.]+) GB", str(error.value))[0])
    assert 6 < estimate < 16
    training_bytes = memory.training_bytes
    assert training_bytes("original", (720, 960), 4) > 1.5 * training_bytes("original", (720, 960), 2)


def test_depth_that_changes_with_the_focal_length_is_the_same_target() -> None:
    batch = batch_of([[1.0, 2.0]])
    other = replace(batch_of([[1.0, 2.0]], focal=400.0))
    assert np.array_equal(original.depth_target(batch), original.depth_target(other))
