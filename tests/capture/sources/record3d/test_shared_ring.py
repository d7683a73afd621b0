"""The ring passes frames on unchanged, rejects them when full, and reuses its slots."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.sources.record3d import shared_ring as ring_module
from capture.sources.record3d.shared_ring import FrameRing
from tests.support.frames import make_frame


@pytest.fixture
def ring():
    with_memory = FrameRing.create()
    yield with_memory
    with_memory.close()


def test_slots_are_reused(ring: FrameRing) -> None:
    """Three times round with a reader that lags: every frame is the one that was written."""
    waiting: list[int] = []
    for i in range(3 * ring.slots):
        frame = make_frame(i, confidence=i % 2 == 0)
        sequence = ring.write(frame.rgb, frame.depth_m, frame.confidence)
        assert sequence == i
        waiting.append(i)
        if len(waiting) == ring.slots:
            for j in waiting:
                expected = make_frame(j, confidence=j % 2 == 0)
                rgb, depth_m, confidence = ring.read(
                    j,
                    expected.rgb.shape,
                    expected.depth_m.shape,
                    None if expected.confidence is None else expected.confidence.shape,
                )
                np.testing.assert_array_equal(rgb, expected.rgb)
                np.testing.assert_array_equal(depth_m, expected.depth_m)
                assert (confidence is None) == (expected.confidence is None)
            waiting.clear()


def test_a_full_ring_rejects_frames_until_a_slot_is_released(ring: FrameRing) -> None:
    frame = make_frame(0)
    for _ in range(ring.slots):
        assert ring.write(frame.rgb, frame.depth_m, None) is not None
    assert ring.write(frame.rgb, frame.depth_m, None) is None
    ring.read(0, frame.rgb.shape, frame.depth_m.shape, None)
    assert ring.write(frame.rgb, frame.depth_m, None) == ring.slots


def test_a_frame_larger_than_a_slot(ring: FrameRing) -> None:
    with pytest.raises(ValueError, match=r"Received: rgb \(4000, 4000, 3\)"):
        ring.write(np.zeros((4000, 4000, 3), np.uint8), np.zeros((4, 4), np.float32), None)


def test_too_little_shared_memory_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring_module, "_shared_memory_bytes", lambda: 64 << 20)
    with pytest.raises(LidarliveError, match="--shm-size"):
        FrameRing.create()


def test_between_processes(ring: FrameRing) -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    writer = context.Process(target=_write_frames, args=(theirs, ring.name, ring.slots, 2 * ring.slots))
    writer.start()
    theirs.close()
    for i in range(2 * ring.slots):
        assert ours.poll(30)
        assert ours.recv() == i
        expected = make_frame(i)
        rgb, depth_m, confidence = ring.read(i, expected.rgb.shape, expected.depth_m.shape, expected.depth_m.shape)
        np.testing.assert_array_equal(rgb, expected.rgb)
        np.testing.assert_array_equal(depth_m, expected.depth_m)
        np.testing.assert_array_equal(confidence, expected.confidence)
        ours.send(None)
    writer.join(10)
    assert writer.exitcode == 0


def _write_frames(pipe: Connection, name: str, slots: int, count: int) -> None:
    """Child: write `count` frames, each after its predecessor was read."""
    ring = FrameRing.attach(name, slots)
    for i in range(count):
        frame = make_frame(i)
        pipe.send(ring.write(frame.rgb, frame.depth_m, frame.confidence))
        pipe.recv()
    ring.close()


def small_frame(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 256, (size, 100, 3), np.uint8), rng.random((8, 8), np.float32)


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=120), st.integers(2, 6))
def test_frames_of_changing_sizes_never_overlap(steps: list[tuple[int, bool]], megabytes_10th: int) -> None:
    """A writer that is some frames ahead, in a ring with room for few of them: each is read as it was written."""
    rng = np.random.default_rng(1)
    ring = FrameRing.create()
    ring.ring_bytes = megabytes_10th * 100_000  # smaller than its memory
    waiting: list[tuple[int, np.ndarray, np.ndarray]] = []

    def read_one() -> None:
        sequence, rgb, depth_m = waiting.pop(0)
        read_rgb, read_depth_m, _ = ring.read(sequence, rgb.shape, depth_m.shape, None)
        np.testing.assert_array_equal(read_rgb, rgb)
        np.testing.assert_array_equal(read_depth_m, depth_m)

    try:
        for size, reads in steps:
            rgb, depth_m = small_frame(rng, size)
            sequence = ring.write(rgb, depth_m, None)
            if sequence is None:
                assert waiting, "an empty ring takes any frame that fits"
            else:
                waiting.append((sequence, rgb, depth_m))
            if reads and waiting:
                read_one()
        while waiting:
            read_one()
    finally:
        ring.close()


@pytest.mark.parametrize(("rgb_shape", "depth_shape"), [((2576, 1932, 3), (640, 480)), ((4032, 3024, 3), (1024, 1024))])
def test_the_largest_pictures_fit(ring: FrameRing, rgb_shape: tuple[int, ...], depth_shape: tuple[int, ...]) -> None:
    """Those of the front camera, and those at the limit of what a header may announce."""
    rgb, depth_m = np.zeros(rgb_shape, np.uint8), np.zeros(depth_shape, np.float32)
    for i in range(20):
        rgb[0, 0], depth_m[-1, -1] = i, i
        sequence = ring.write(rgb, depth_m, np.full(depth_shape, 2, np.uint8))
        assert sequence == i
        read_rgb, read_depth_m, confidence = ring.read(i, rgb_shape, depth_shape, depth_shape)
        assert (read_rgb[0, 0, 0], read_depth_m[-1, -1]) == (i, i)
        assert confidence is not None
        assert confidence[-1, -1] == 2


def test_frames_of_one_size_touch_no_more_memory_than_all_slots(ring: FrameRing) -> None:
    frame = make_frame(0)
    size = frame.nbytes + 64
    for i in range(5 * ring.slots):
        assert ring.write(frame.rgb, frame.depth_m, frame.confidence) == i
        assert ring._end <= ring.slots * size
        ring.read(i, frame.rgb.shape, frame.depth_m.shape, frame.depth_m.shape)
