"""OpenVINO, imported from here everywhere so that it sends nothing.

Its import, and each conversion, would report itself to its makers by `openvino_telemetry`. Where that package cannot be
imported, OpenVINO has a stand-in that does nothing.
"""

from __future__ import annotations

import sys

# None makes the import fail.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ["CORE", "openvino"]

# The only one in the process, and never let go of. Each puts an alternate signal stack into the thread that compiles
# first with it and takes that away when it ends; where the lives of two overlap, the thread is left with one that is
# no longer mapped, and the next signal ends the process (OpenVINO 2026.4, Linux).
CORE = openvino.Core()
