"""The shapes, sizes and cost of the two networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def networks() -> tuple[Any, Any]:
    from model.networks import finetune_network, gradient_network

    return gradient_network(), finetune_network()


def test_both_orientations_come_from_the_same_weights(networks: tuple[Any, Any]):
    from model.networks import pair

    both = pair(*networks)
    for height, width in ((256, 192), (192, 256), (96, 64)):
        log_depth, edges = both(np.zeros((1, height, width, 3), np.uint8), training=False)
        assert log_depth.shape == edges.shape == (1, height, width, 1)
        assert np.isfinite(log_depth).all()
        assert (np.asarray(edges) >= 0).all()


def test_the_networks_are_small(networks: tuple[Any, Any]):
    gradient, finetune = networks
    assert gradient.count_params() == 158_033
    assert finetune.count_params() == 860_929


def test_the_pair_costs_at_most_0_8_gmac_at_192x256(networks: tuple[Any, Any]):
    assert sum(_macs(network, 256, 192) for network in networks) <= 0.8e9


def test_the_edges_reach_the_depth(networks: tuple[Any, Any]):
    _, finetune = networks
    rgb = np.full((1, 64, 64, 3), 128, np.uint8)
    without, with_edges = np.zeros((1, 64, 64, 1), np.float32), np.zeros((1, 64, 64, 1), np.float32)
    with_edges[:, 32] = 1
    changed = np.asarray(finetune([rgb, with_edges])) - np.asarray(finetune([rgb, without]))
    assert np.abs(changed).max() > 1e-4


def test_no_layer_has_a_name_that_breaks_the_conversion(networks: tuple[Any, Any]):
    assert not [layer.name for network in networks for layer in network.layers if layer.name.startswith("_")]


def _macs(network: Any, height: int, width: int) -> int:
    """Multiplications of all convolutions for one picture, layer by layer."""
    import keras

    shapes = {tensor.name: (1, height, width, tensor.shape[-1]) for tensor in network.inputs}
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        taken = layer.input if isinstance(layer.input, list) else [layer.input]
        given = [shapes[tensor.name] for tensor in taken]
        shapes[layer.output.name] = layer.compute_output_shape(given if len(given) > 1 else given[0])
        # A transposed convolution multiplies at each pixel of its input, the others at each of their output.
        grid = given[0] if isinstance(layer, keras.layers.Conv2DTranspose) else shapes[layer.output.name]
        kernels = [v.shape for v in layer.weights if v.name.endswith("kernel")]
        total += sum(grid[1] * grid[2] * int(np.prod(kernel)) for kernel in kernels)
    return total
