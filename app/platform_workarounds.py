"""Settings of the whole process, and workarounds for packages and platforms that get in each other's way.

The entry points call these. A layer below cannot, and child processes and other programs use those layers without an
entry point of ours; what has to be set there, and why (docs/adr):

    model.openvino_runtime           no import of openvino_telemetry; one Core that is never released       028
    model.jobs.worker                TensorFlow's environment variables, in each job's own process          036
    capture.formats, the video part  OPENCV_FFMPEG_LOGLEVEL, before OpenCV opens its first video            033
    capture.sources.record3d.process RLIMIT_AS of the capture process                                       034
    capture.library_output           libraries' standard error goes to the log; used by view and record     043
    app.bench, the probes            replace Predictor and Window, in the process of the probe              012
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SWITCH_INTERVAL_S = 0.001  # Python's default of 5 ms, several times per frame, exceeds a frame's time at 60 fps


def settle_process() -> None:
    """Tune a process that captures: switch Python threads more often, and stop OpenCV from adding threads (ADR 042).

    Pictures are many and small: OpenCV's threads would only compete with the threads that process one picture each.
    """
    import cv2  # not earlier: its import changes the environment (see below), and takes a tenth of a second

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    cv2.setNumThreads(1)


def remove_qt_plugins_of_opencv() -> None:
    """Let PyQt5 find its own plugins (ADR 030): importing opencv-python points Qt at those in its wheel.

    PyQt5 aborts with these.
    """
    for variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in Path(os.environ.get(variable, "")).parts:
            del os.environ[variable]
