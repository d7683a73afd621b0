"""OpenVINO, imported from here everywhere so that it sends nothing.

Its import, and each conversion, would report itself to its makers by `openvino_telemetry`. Where that package cannot be
imported, OpenVINO has a stand-in that does nothing.
"""

from __future__ import annotations

import sys

# None makes the import fail.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ["openvino"]
