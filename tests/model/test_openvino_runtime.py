"""OpenVINO as the program loads it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

PROGRAM = """
import sys
from model import store
from model.predictor import Predictor
Predictor(store.starter())
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, sys.modules.get("openvino_telemetry.main"))
"""

SIGNALLED = """
import os, signal
from model import store
from model.predictor import Predictor
first = Predictor(store.starter())
second = Predictor(store.starter())
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("heard", flush=True))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_openvino_reports_to_nobody():
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert run.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "None"], run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself such a signal")
def test_a_signal_is_heard_after_predictors_have_come_and_gone():
    """With faulthandler, as in pytest: of OpenVINO's cores one took away the stack that signals are handled on."""
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SIGNALLED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (run.returncode, run.stdout) == (0, "heard\n"), run.stderr


def test_an_instruction_set_without_bfloat16_is_predicted_with_in_float32() -> None:
    """On a processor that has bfloat16, OpenVINO may be kept from it; on any other float32 is used anyway."""
    program = (
        "import numpy as np\nfrom model import store\nfrom model.predictor import Predictor\n"
        "predict = Predictor(store.starter())\n"
        "print(predict.precision, predict(np.zeros((64, 48, 3), np.uint8)).depth_m.shape)"
    )
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert run.stdout == "f32 (256, 192)\n", run.stderr
