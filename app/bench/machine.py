"""The machine that a benchmark runs on."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import psutil


def computer() -> dict[str, object]:
    """Describe this machine: processor, cores that this process may use, memory in GB, system and Python."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    """Return the processor's name, which `platform` does not know on Linux."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
