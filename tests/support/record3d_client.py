"""Takes frames through the real record3d package and writes what came: run in a process of its own by the tests.

    python record3d_client.py OUT.npz FRAMES WORK_S RGB_STEP

Ends with FRAMES frames or with the stream; exit status 2 where no device is listed, 3 where it refuses. WORK_S is spent
on each frame. RGB_STEP keeps every n-th row and column of the picture.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import numpy as np
from record3d import Record3DStream

out, frames, work_s, rgb_step = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
stream = Record3DStream()
enough = threading.Event()
parts: dict[str, list[np.ndarray]] = {name: [] for name in ("rgb", "depth", "confidence", "intrinsics", "pose", "kind")}


def on_new_frame() -> None:
    """Copies, as the package's buffers are overwritten by the next frame; an exception here would end the process."""
    if enough.is_set():
        return
    k, p = stream.get_intrinsic_mat(), stream.get_camera_pose()
    parts["rgb"].append(stream.get_rgb_frame()[::rgb_step, ::rgb_step].copy())
    parts["depth"].append(stream.get_depth_frame().copy())
    parts["confidence"].append(stream.get_confidence_frame().copy())
    parts["intrinsics"].append(np.array([k.fx, k.fy, k.tx, k.ty]))
    parts["pose"].append(np.array([p.qx, p.qy, p.qz, p.qw, p.tx, p.ty, p.tz]))
    parts["kind"].append(np.array(stream.get_device_type()))
    time.sleep(work_s)
    if len(parts["kind"]) == frames:
        enough.set()


devices = Record3DStream.get_connected_devices()
print(*(device.udid for device in devices))
if not devices:
    sys.exit(2)
stream.on_new_frame = on_new_frame
stream.on_stream_stopped = enough.set
if not stream.connect(devices[0]):
    sys.exit(3)
enough.wait(60)
np.savez(out, **{name: np.stack(values) for name, values in parts.items()})
sys.stdout.flush()
os._exit(0)  # the package crashes where a stream is taken down while it runs
