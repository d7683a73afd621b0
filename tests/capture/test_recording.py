"""Recordings are read as they were written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Camera
from capture.recording import Dataset, Recording
from capture.storage.encoding import encode
from capture.storage.layout import INFO_NAME, LOG_NAME, SCHEMA_VERSION
from capture.storage.rename import rename
from capture.storage.writer import RecordingWriter
from tests.support.frames import as_version_1, make_frame, timed, write_recording


@pytest.mark.parametrize("confidence", [True, False])
def test_round_trip(tmp_path: Path, confidence: bool) -> None:
    sent = [make_frame(i, confidence=confidence) for i in (0, 1, 3)]
    recording = Recording(write_recording(tmp_path, "walk", sent))
    assert len(recording) == 3
    assert recording.info.status == "closed"
    assert recording.info.frames == 3
    for i, (frame, read) in enumerate(zip(sent, recording, strict=True)):
        line = recording.line(i)
        assert (line.index, line.stream_index, line.received_ns) == (i, frame.index, frame.received_ns)
        np.testing.assert_allclose(read.depth_m, frame.depth_m, atol=0.00051)
        assert np.abs(read.rgb.astype(int) - frame.rgb).max() <= 2
        assert (read.intrinsics, read.pose, read.camera) == (frame.intrinsics, frame.pose, Camera.LIDAR)
        if confidence:
            np.testing.assert_array_equal(read.confidence, frame.confidence)
        else:
            assert read.confidence is None
    assert [p.name for p in sorted((recording.path / "rgb").iterdir())] == ["000000.jpg", "000001.jpg", "000002.jpg"]
    assert recording.fps == pytest.approx(60, rel=1e-3), "the lost frame counts"
    with pytest.raises(IndexError, match="Received: 3"):
        recording[3]


def test_the_phones_own_jpeg_is_kept_to_the_byte(tmp_path: Path) -> None:
    encoded = encode(make_frame(7), None)
    with RecordingWriter(tmp_path, "own", source="test") as writer:
        writer.append(encoded)
    recording = Recording(writer.path)
    assert recording.file_bytes(recording.line(0), "rgb") == encoded.jpeg
    assert encode(recording[0], None).jpeg == encoded.jpeg


def test_a_recording_has_one_layout(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, "one", source="test") as writer:
        writer.append(encode(make_frame(0), None))
        with pytest.raises(ValueError, match="one layout"):
            writer.append(encode(make_frame(1, depth_size=(32, 24)), None))


def test_recordings_of_one_name_and_second_get_separate_folders(tmp_path: Path) -> None:
    folders = {write_recording(tmp_path, "same", [make_frame(i)]) for i in range(3)}
    assert len(folders) == 3
    assert len(Dataset(tmp_path)) == 3


def test_a_recording_being_written_is_read_up_to_its_last_frame(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, "live", source="test") as writer:
        for i in range(4):
            writer.append(encode(make_frame(i), None))
        recording = Recording(writer.path)
        assert (len(recording), recording.info.status, recording.repaired) == (4, "recording", "")
    assert Recording(writer.path).info.status == "closed"


def test_what_is_not_a_recording(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match="does not exist"):
        Dataset(tmp_path / "nowhere")
    with pytest.raises(LidarliveError, match="lidarlive import"):
        Dataset(tmp_path)
    with pytest.raises(LidarliveError, match="not a recording"):
        Recording(tmp_path)
    (tmp_path / INFO_NAME).write_text('{"name": 1}')
    with pytest.raises(LidarliveError, match=f"{INFO_NAME}: name must be str"):
        Recording(tmp_path)


def test_fields_of_other_versions_are_ignored(tmp_path: Path) -> None:
    """Version 0.1 wrote `device_name` and `serial`, always empty."""
    path = write_recording(tmp_path, "old", [make_frame(0)])
    document = json.loads((path / INFO_NAME).read_bytes())
    (path / INFO_NAME).write_text(json.dumps({**document, "device_name": "", "serial": "", "later": 1}))
    assert Recording(path).info.name == "old"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = write_recording(tmp_path, "gone", [make_frame(0)])
    (path / "rgb" / "000000.jpg").unlink()
    with pytest.raises(LidarliveError, match=r"000000\.jpg: cannot be read"):
        Recording(path)[0]
    (path / "rgb" / "000000.jpg").write_bytes(b"not a picture")
    with pytest.raises(LidarliveError, match="not a whole JPEG"):
        Recording(path)[0]


def test_encoded_frames_equal_the_written_ones(tmp_path: Path) -> None:
    """What was handed to the writer, held against its checksums and decoded once."""
    sent = [encode(make_frame(i), f"2026-11-23T14:05:0{i}.000000Z") for i in (0, 2)]
    with RecordingWriter(tmp_path, "bytes", source="test") as writer:
        for frame in sent:
            writer.append(frame)
    recording = Recording(writer.path)
    assert [recording.encoded(i) for i in range(2)] == sent
    confidence = recording.path / "confidence" / "000001.png"
    whole = confidence.read_bytes()
    confidence.write_bytes(whole[:-1] + b"x")
    with pytest.raises(LidarliveError, match=r"000001\.png: is not what was recorded \(its checksum differs\)"):
        recording.encoded(1)


def test_a_correct_checksum_does_not_make_a_picture(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, "forged", source="test") as writer:
        writer.append(replace(encode(make_frame(0), None), depth_png=b"no picture"))
    with pytest.raises(LidarliveError, match="must be a grey PNG"):
        Recording(writer.path).encoded(0)


def test_times_of_the_phone_are_kept(tmp_path: Path) -> None:
    sent = [timed(make_frame(i)) if i != 2 else make_frame(i) for i in range(4)]
    path = write_recording(tmp_path, "walk", sent)
    recording = Recording(rename(path, "stroll"))
    assert recording.info.schema_version == SCHEMA_VERSION == 2
    assert [(f.camera_time_s, f.phone_time_unix_s) for f in recording] == [
        (frame.camera_time_s, frame.phone_time_unix_s) for frame in sent
    ]
    assert [recording.encoded(i).camera_time_s for i in range(4)] == [frame.camera_time_s for frame in sent]
    assert recording.seconds == pytest.approx(3 / 60, abs=1e-9), "by the camera's clock, and not by arrival"
    assert [each.by_camera for each in recording.times()] == [True, True, False, True]


def test_a_recording_of_an_earlier_version_is_read_as_before(tmp_path: Path) -> None:
    path = as_version_1(write_recording(tmp_path, "old", [make_frame(i) for i in range(4)]))
    recording = Recording(path)
    assert (recording.info.schema_version, recording.info.status) == (1, "closed")
    assert [(f.index, f.camera_time_s, f.phone_time_unix_s) for f in recording] == [(i, None, None) for i in range(4)]
    assert [each.time_ns for each in recording.times()] == [line.received_ns for line in recording.lines()]
    assert Recording(rename(path, "still old")).info.schema_version == 1


def test_a_recording_of_a_later_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    """As version 1 reads version 2: keys are only added."""
    path = write_recording(tmp_path, "later", [timed(make_frame(i)) for i in range(3)])
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "schema_version": 3, "weather": "rain"}))
    lines = [json.loads(line) | {"lens_m": 0.1} for line in (path / LOG_NAME).read_text().splitlines()]
    (path / LOG_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    recording = Recording(path)
    assert recording.info.schema_version == 3
    assert [frame.camera_time_s for frame in recording] == [timed(make_frame(i)).camera_time_s for i in range(3)]


@pytest.mark.parametrize("time", ["NaN", "-1", "1e300", '"7"', "true", "[7]"])
def test_a_time_that_is_none_is_named(tmp_path: Path, time: str) -> None:
    path = write_recording(tmp_path, "walk", [make_frame(0)])
    log = (path / LOG_NAME).read_text().replace('"camera_time_s": null', f'"camera_time_s": {time}')
    (path / LOG_NAME).write_text(log)
    with pytest.raises(LidarliveError, match=r"line 1: a time must be seconds from 0 to 9e\+09\. Received: .*check"):
        Recording(path)[0]
