"""Each thread lowers its own priority, and the threads it starts inherit it."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import get_native_id

import pytest

from capture import thread_priority

pytestmark = pytest.mark.priorities
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads have one priority")


@linux_only
def test_encoders_lower_their_priority_and_their_starter_does_not() -> None:
    before = os.getpriority(os.PRIO_PROCESS, get_native_id())
    with ThreadPoolExecutor(1, "encoder", thread_priority.give_way_as_encoder) as encoder:
        niceness = encoder.submit(lambda: os.getpriority(os.PRIO_PROCESS, get_native_id())).result()
    assert niceness == thread_priority.ENCODER_NICENESS > before
    assert os.getpriority(os.PRIO_PROCESS, get_native_id()) == before


@linux_only
def test_threads_started_by_the_predictor_inherit_its_priority() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, get_native_id())

    def of_a_thread_it_starts() -> int:
        with ThreadPoolExecutor(1) as started:
            return started.submit(niceness).result()

    with ThreadPoolExecutor(1, "predictor", thread_priority.give_way_as_predictor) as predictor:
        assert predictor.submit(niceness).result() == thread_priority.PREDICTOR_NICENESS
        assert predictor.submit(of_a_thread_it_starts).result() == thread_priority.PREDICTOR_NICENESS
