"""The child side of a job."""

from __future__ import annotations

import os

import pytest

from model.jobs.worker import prepare_tensorflow


@pytest.mark.parametrize(("limit", "uses_onednn"), [(None, "1"), ("AVX2", "0"), ("avx512_core_bf16", "1")])
def test_onednn_is_not_used_where_it_may_not_use_bfloat16(
    limit: str | None, uses_onednn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if limit is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    prepare_tensorflow()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == uses_onednn
