"""The shapes, sizes and cost of the two networks of preset `fast`, and what each is to the other."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from capture.errors import LidarliveError
from model.presets.base import Pair
from model.presets.fast import networks

pytestmark = pytest.mark.trainer

HEIGHT, WIDTH = 96, 64


@pytest.fixture(scope="module")
def pair() -> Pair:
    """New networks whose first join is not zero any more, as after some training."""
    keras.utils.set_random_seed(0)
    made = networks.pair_of_networks()
    join = made.finetune.get_layer("body").get_layer("join")
    join.set_weights([np.random.default_rng(0).normal(0, 0.01, w.shape) for w in join.get_weights()])
    return made


def pictures(count: int = 1, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3)).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(256, 192), (192, 256), (96, 64)])
def test_both_orientations_come_from_the_same_weights(pair: Pair, height: int, width: int):
    log_depth, edges = networks.depth_and_edges(networks.linked(pair), pictures(2, height, width))
    assert log_depth.shape == edges.shape == (2, height, width, 1)
    assert np.isfinite(log_depth).all()
    assert (np.asarray(edges) >= 0).all()


def test_an_untrained_pair_answers_two_metres_and_few_edges():
    keras.utils.set_random_seed(0)
    made = networks.pair_of_networks()
    log_depth, edges = networks.depth_and_edges(networks.linked(made), pictures())
    assert abs(np.asarray(log_depth).mean() - networks.TYPICAL_LOG_DEPTH) < 0.5
    assert np.asarray(edges).mean() < 0.1


def test_the_networks_are_small(pair: Pair):
    assert pair.gradient.count_params() == 83_349
    assert pair.finetune.count_params() == 3_181_610


def test_the_pair_costs_at_most_0_8_gmac_at_192x256(pair: Pair):
    from model.bench.macs import macs

    assert macs(networks.joint(networks.linked(pair)), 256, 192) <= 0.8e9


def test_the_two_networks_one_after_the_other_are_the_pair(pair: Pair):
    rgb = pictures()
    gradients = np.asarray(pair.gradient(rgb))
    assert gradients.shape == (1, HEIGHT // 2, WIDTH // 2, networks.GRADIENT_CHANNELS)
    together = np.asarray(networks.joint(networks.linked(pair))(rgb))
    np.testing.assert_allclose(together[..., :1], pair.finetune([rgb, gradients]), atol=1e-5)
    np.testing.assert_allclose(together[:, ::2, ::2, 1:], gradients, atol=1e-5)


def test_the_gradients_reach_the_depth(pair: Pair):
    rgb = pictures()
    gradients = np.zeros((1, HEIGHT // 2, WIDTH // 2, networks.GRADIENT_CHANNELS), np.float32)
    without = np.asarray(pair.finetune([rgb, gradients]))
    gradients[:, 20, :, 2] = 0.5  # farther below row 20
    gradients[:, 20, :, 4] = 5.0  # and sure of that
    change = np.asarray(pair.finetune([rgb, gradients])) - without
    assert (change[0, 42:46] - change[0, 36:40]).mean() > 0.1


def test_both_learn_together_and_the_trunk_stays_as_imagenet_left_it(pair: Pair):
    both = networks.joint(networks.linked(pair))
    trained = {id(variable) for variable in both.trainable_variables}
    assert not trained & {id(variable) for variable in pair.gradient.get_layer("trunk").weights}
    for network, part in ((pair.gradient, "head"), (pair.finetune, "body")):
        assert {id(variable) for variable in network.get_layer(part).trainable_variables} <= trained


def test_networks_that_were_saved_give_the_same_answers(pair: Pair, tmp_path: Path):
    for name, network in pair._asdict().items():
        network.save(tmp_path / f"{name}.keras")
    loaded = Pair(*(keras.saving.load_model(tmp_path / f"{name}.keras") for name in Pair._fields))
    rgb = pictures()
    again = networks.joint(networks.linked(loaded))(rgb)
    np.testing.assert_allclose(again, networks.joint(networks.linked(pair))(rgb), atol=1e-6)


def test_networks_of_another_form_are_refused():
    rgb = keras.Input((None, None, 3))
    other = keras.Model(rgb, keras.layers.Conv2D(1, 3)(rgb))
    with pytest.raises(LidarliveError, match="earlier form"):
        networks.linked(Pair(other, other))


def test_from_random_weights_all_of_it_is_trained():
    made = networks.linked(networks.pair_of_networks(pretrained=False))
    assert networks.joint(made).trainable_variables[0].path.startswith("encoder_stem")


def test_the_network_without_gradients_has_as_many_parameters(pair: Pair):
    alone = networks.without_gradients()
    assert alone(pictures()).shape == (1, HEIGHT, WIDTH, 1)
    whole = networks.joint(networks.linked(pair))
    assert alone.count_params() == pytest.approx(whole.count_params(), rel=0.01)


def test_no_layer_has_a_name_that_breaks_the_conversion(pair: Pair):
    assert not [layer.name for network in pair for layer in network.layers if layer.name.startswith("_")]
