"""Recordings whose frames differ in everything: what exports are held against."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from capture.frame import Frame, Intrinsics, Pose
from capture.storage.encoding import EncodedFrame, encode
from capture.storage.writer import RecordingWriter
from tests.support.frames import make_frame

BEGAN_NS = 987_654_321_012_345  # a computer that has run for days
FRAME_NS = 16_666_667


def walk_frame(i: int, confidence: bool = True) -> Frame:
    """Frame i at random, the same every time: depth of 0.2 to 12 m with holes, all levels, any rotation, its own focal
    length."""
    random = np.random.default_rng(i)
    plain = make_frame(i, confidence=confidence)
    depth_m = random.uniform(0.2, 12, plain.depth_m.shape).astype(np.float32)
    depth_m[random.random(depth_m.shape) < 0.1] = 0
    quaternion = random.normal(size=4)
    quaternion /= np.linalg.norm(quaternion)
    return replace(
        plain,
        received_ns=BEGAN_NS + i * FRAME_NS,
        image=random.integers(0, 256, plain.rgb.shape, np.uint8),
        depth_m=depth_m,
        confidence=random.integers(0, 3, depth_m.shape, np.uint8) if confidence else None,
        intrinsics=Intrinsics(*random.uniform(30, 90, 4).tolist()),
        pose=Pose(tuple(quaternion.tolist()), tuple(random.uniform(-5, 5, 3).tolist())),
    )


def encoded_walk(frames: int, confidence: bool = True) -> list[EncodedFrame]:
    return [encode(walk_frame(i, confidence), None) for i in range(frames)]


def write_encoded(dataset: Path, name: str, frames: list[EncodedFrame]) -> Path:
    """A closed recording of `frames`; its folder."""
    with RecordingWriter(dataset, name, source="test") as writer:
        for frame in frames:
            writer.append(frame)
    assert writer.path is not None
    return writer.path
