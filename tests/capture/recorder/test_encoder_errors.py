"""An encoder's unexpected error costs its frame only, and is named: in the status, in the log and by `record`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.record import RecordCommand, run
from capture.frame import Frame
from capture.recorder import recorder as recorder_module
from capture.recorder.recorder import Recorder
from capture.recording import Dataset
from capture.storage.encoding import EncodedFrame, encode
from tests.support.frames import QuietSource, make_frame

REMARK = "2 frames lost: could not be encoded (MemoryError: Unable to allocate 3 MiB)"


@pytest.fixture
def _two_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[int] = []

    def encode_but_two(frame: Frame, time_utc: str | None, in_haste: bool) -> EncodedFrame:
        if len(failed) < 2 and frame.index > 0:
            failed.append(frame.index)
            raise MemoryError("Unable to allocate 3 MiB")
        return encode(frame, time_utc, in_haste)

    monkeypatch.setattr(recorder_module, "encode", encode_but_two)


@pytest.mark.usefixtures("_two_fail")
def test_it_is_in_the_status_and_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(tmp_path, "holed", QuietSource())
    for i in range(6):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    status = recorder.status()
    assert (status.lost, status.remark, status.error) == ({"encoder_failed": 2}, REMARK, "")
    (recording,) = Dataset(tmp_path)
    assert (len(recording), recording.info.lost) == (4, {"encoder_failed": 2})
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.name for record in errors] == ["lidarlive.recorder"] * 2
    assert errors[0].exc_info is not None, "with its traceback"


@pytest.mark.usefixtures("_two_fail", "record3d_package")
def test_record_names_it_in_its_last_lines(numbered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(RecordCommand(tmp_path, str(numbered), frames=5)) == 3
    printed = capsys.readouterr()
    assert "2 encoder_failed" in printed.out
    assert f"lidarlive: {REMARK}" in printed.err
    assert run(RecordCommand(tmp_path, str(numbered), frames=5, json=True)) in (0, 3)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["event"] == "done"
