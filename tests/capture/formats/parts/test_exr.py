"""OpenEXR files as Record3D writes them, of other kinds, and damaged ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.formats.parts.exr import decode_exr
from tests.support.foreign import exr

DEPTH = np.random.default_rng(3).uniform(0.2, 5, (37, 24)).astype(np.float32)  # not whole chunks of 16 lines
SMOOTH = np.linspace(0.5, 4, 37 * 24, dtype=np.float32).reshape(37, 24)


@pytest.mark.parametrize("depth", [DEPTH, SMOOTH, np.full((16, 7), np.nan, np.float32)], ids=["noise", "smooth", "nan"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("compression", [0, 2, 3])
def test_every_value_returns(depth: np.ndarray, dtype: type, compression: int):
    values = depth.astype(dtype)
    decoded = decode_exr(exr(values, compression))
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, values.astype(np.float32))


def replaced(old: bytes, new: bytes) -> bytes:
    data = exr(DEPTH)
    assert old in data
    return data.replace(old, new, 1)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "must be an EXR file. Received: nothing"),
        (b"no EXR at all", "must be an EXR file. Received: 6e6f204558522061"),
        (exr(DEPTH, 4), "is an EXR file with PIZ compression; ZIP or none can be read"),
        (exr(DEPTH, channel="alpha")[:-9], "is a damaged EXR file"),
        (replaced(b"\x02\0\0\0channels", b"\x02\x02\0\0channels"), "an EXR file of tiles"),
        (replaced(b"dataWindow", b"dataWindew"), "is a damaged EXR file \\(it has no dataWindow\\)"),
        (
            replaced((23).to_bytes(4, "little"), (1 << 24).to_bytes(4, "little")),
            "must be 1 to 8192 pixels wide and high",
        ),
        (exr(DEPTH)[:80], "is a damaged EXR file"),
    ],
)
def test_other_files_are_named_as_what_they_are(data: bytes, fault: str):
    with pytest.raises(ValueError, match=fault):
        decode_exr(data)


@settings(deadline=None, max_examples=200)
@given(
    changes=st.lists(st.tuples(st.integers(4, 400), st.integers(0, 255)), max_size=4),
    end=st.one_of(st.none(), st.integers(0, 3000)),
)
def test_any_bytes_give_depth_or_a_clear_error(changes: list[tuple[int, int]], end: int | None):
    data = bytearray(exr(SMOOTH))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        depth = decode_exr(bytes(data[:end]))
    except ValueError:
        return
    assert (depth.dtype, depth.ndim) == (np.float32, 2)
