"""OpenVINO as the program loads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from model import store
from model.predictor import Predictor
Predictor(store.starter())
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, sys.modules.get("openvino_telemetry.main"))
"""


def test_openvino_reports_to_nobody():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=100
    )
    assert run.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "None"], run.stderr
