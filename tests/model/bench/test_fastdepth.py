"""FastDepth against the figures of its paper, and on the encoder of `fast`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.trainer


@pytest.fixture(scope="module")
def network() -> Any:
    from model.bench.fastdepth import fastdepth

    return fastdepth()


def test_it_is_as_large_as_in_the_paper(network: Any):
    kernels = sum(int(np.prod(v.shape)) for v in network.trainable_variables if v.path.endswith("kernel"))
    learned = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    assert (kernels, learned) == (3_933_088, 3_960_929)  # 3.93 and 3.96 million
    assert network.count_params() == 3_988_769  # with the running statistics of batch normalisation


def test_it_costs_what_the_paper_says(network: Any):
    from model.bench.macs import macs

    assert round(macs(network, 224, 224) / 1e9, 2) == 0.74


def test_the_encoder_is_mobilenet(network: Any):
    """3,206,976 is what MobileNet has without its classifier; its five sizes are what the decoder takes."""
    from model.bench.fastdepth import mobilenet

    encoder = mobilenet()
    assert sum(int(np.prod(v.shape)) for v in encoder.trainable_variables) == 3_206_976
    found = encoder(np.zeros((1, 64, 96, 3), np.float32))
    assert [tuple(each.shape[1:]) for each in found] == [
        (32, 48, 64),
        (16, 24, 128),
        (8, 12, 256),
        (4, 6, 512),
        (2, 3, 1024),
    ]


def test_both_forms_answer_log_depth_at_the_pictures_size(network: Any):
    from model.bench.fastdepth import fastdepth
    from model.presets.fast.encoder import encoder

    rgb = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3)).astype(np.float32)
    for each in (network, fastdepth(encoder())):
        answer = np.asarray(each(rgb, training=False))
        assert answer.shape == (2, 64, 96, 1)
        assert np.isfinite(answer).all()
        assert answer.min() < 0.7 < answer.max()  # a decoder without activation at its end, around 2 m


def test_the_skips_come_from_an_eighth_a_quarter_and_half_the_size(network: Any):
    import keras

    skips = [layer.input[1] for layer in network.layers if isinstance(layer, keras.layers.Add)]
    found = keras.Model(network.input, skips)(np.zeros((1, 64, 96, 3), np.float32))
    assert [tuple(skip.shape[1:]) for skip in found] == [(8, 12, 256), (16, 24, 128), (32, 48, 64)]


def test_every_weight_learns_the_pretrained_ones_too():
    import keras

    from model.bench.fastdepth import fastdepth
    from model.presets.fast.encoder import encoder
    from model.presets.fast.losses import depth_loss

    keras.utils.set_random_seed(0)
    network = fastdepth(encoder())
    rgb = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    target = np.stack([rgb[..., 0] / 255, np.ones(rgb.shape[:3])], axis=-1).astype(np.float32)
    network.compile(optimizer=keras.optimizers.Adam(2e-3), loss=depth_loss, run_eagerly=True)  # no graph for one step
    before = [np.copy(keras.ops.convert_to_numpy(variable)) for variable in network.trainable_variables]
    network.train_on_batch(rgb, target)
    after = map(keras.ops.convert_to_numpy, network.trainable_variables)
    pairs = zip(network.trainable_variables, before, after, strict=True)
    assert not [variable.path for variable, old, new in pairs if (old == new).all()]
