"""Small loops in the place of the demo room's two walks, which take half a minute each to draw."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from capture.frame import Pose
from capture.room import VERSION, DemoRoom
from tests.support.frames import encoded_message
from tests.support.scenes import scene_frame


def write_demo_loops(cache: Path) -> Path:
    """Fill a cache folder with both walks: 8 s each, round a circle of a metre and a half; no frame is in both."""
    cache.mkdir(parents=True)
    for seed, name in ((1, f"demo-room-{VERSION}.wire"), (2, f"demo-room-{VERSION}-walk-2.wire")):
        with (cache / name).open("wb") as file:
            for i in range(DemoRoom.frames):
                turn = 2 * math.pi * i / DemoRoom.frames
                pose = Pose(position_m=(1.5 * math.cos(turn), 1.4, 1.5 * math.sin(turn)))
                frame = scene_frame(i, seed)
                # The floor differs too: rows like those before would pass for a map that was not sent whole.
                depth_m = frame.depth_m * np.float32(1 + i / 1000)
                file.write(encoded_message(replace(frame, depth_m=depth_m, pose=pose)))
    return cache
