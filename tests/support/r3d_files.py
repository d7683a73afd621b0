"""`.r3d` files as the app writes them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import lzfse
import numpy as np

from capture.storage.encoding import encode_jpeg

METADATA = {
    "w": 72, "h": 96, "dw": 24, "dh": 32, "fps": 30, "cameraType": 1, "initPose": [0, 0, 0, 1, 0, 0, 0],
    "K": [70.5, 0, 0, 0, 71.5, 0, 36.5, 48.5, 1],
    "poses": [[0.1, 0.2, 0.3, 0.9, i, 2, 3] for i in range(3)],
    "perFrameIntrinsicCoeffs": [[80 + i, 81, 36, 48] for i in range(3)],
    "frameTimestamps": [0, 0.04, 0.08],
}  # fmt: skip


def members(metadata: object = METADATA, depth_size: tuple[int, int] = (24, 32)) -> dict[str, bytes]:
    """The files of a recording of three frames."""
    files = {"metadata": json.dumps(metadata).encode(), "icon": b"", "sound.m4a": b""}
    for i in range(3):
        depth = np.full(depth_size[::-1], 1 + i / 10, np.float32)
        depth[0, :4] = np.nan, -1, np.inf, 70
        files[f"rgbd/{i}.jpg"] = encode_jpeg(np.full((96, 72, 3), 40 * i, np.uint8))
        files[f"rgbd/{i}.depth"] = lzfse.compress(depth.tobytes())
        files[f"rgbd/{i}.conf"] = lzfse.compress(np.full(depth_size[::-1], i, np.uint8).tobytes())
    return files


def write_r3d(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
