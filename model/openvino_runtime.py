"""Import OpenVINO without its telemetry; all modules import it from here.

Its import, and each conversion, would report to its makers through `openvino_telemetry`. Where that package cannot be
imported, OpenVINO uses a stub.
"""

from __future__ import annotations

import sys

# None makes the import fail.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ["CORE", "openvino"]

# The only instance in the process, never released. Each installs an alternate signal stack in the thread that first
# compiles with it and unmaps it when it is destroyed; where the lives of two overlap, the thread keeps an unmapped
# stack, and the next signal kills the process (OpenVINO 2026.4, Linux).
CORE = openvino.Core()
