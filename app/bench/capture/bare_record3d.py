"""Lower bound for the official package: a process with one callback that copies each frame, and nothing else.

`python -m app.bench.capture.bare_record3d SECONDS` reads the phone at USBMUXD_SOCKET_ADDRESS for SECONDS.
"""

from __future__ import annotations

import os
import sys
import time

from record3d import Record3DStream


def main(seconds: float) -> None:
    stream = Record3DStream()
    kept: list[object] = []

    def copy_frame() -> None:
        # Each getter returns a copy, so keeping it keeps the frame.
        kept[:] = (
            stream.get_rgb_frame(),
            stream.get_depth_frame(),
            stream.get_confidence_frame(),
            stream.get_intrinsic_mat(),
            stream.get_camera_pose(),
        )

    devices = Record3DStream.get_connected_devices()
    stream.on_new_frame = copy_frame
    if not devices or not stream.connect(devices[0]):
        print("cannot connect to the stand-in phone", file=sys.stderr)
        os._exit(1)
    time.sleep(seconds)
    os._exit(0)  # deleting a streaming Record3DStream is a segmentation fault


if __name__ == "__main__":
    main(float(sys.argv[1]))
