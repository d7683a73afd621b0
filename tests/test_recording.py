"""What is written is what is read; what a crash tears is repaired, and nothing whole is lost."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from capture.encoding import encode
from capture.frame import Camera, CaptureError
from capture.layout import INFO_NAME, LOG_NAME, recording_name
from capture.recording import Dataset, Recording
from capture.writer import RecordingWriter
from tests.frames import make_frame, write_recording


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


def test_one_layout_a_recording(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, "one", source="test") as writer:
        writer.append(encode(make_frame(0), None))
        with pytest.raises(ValueError, match="one layout"):
            writer.append(encode(make_frame(1, depth_size=(32, 24)), None))


def test_two_recordings_of_one_name_and_second_do_not_meet(tmp_path: Path) -> None:
    folders = {write_recording(tmp_path, "same", [make_frame(i)]) for i in range(3)}
    assert len(folders) == 3
    assert len(Dataset(tmp_path)) == 3


@pytest.mark.parametrize("torn", [b'{"index": 3, "stream_in', b"\xff\xfe\x00"])
def test_a_torn_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path = tear(write_recording(tmp_path, "torn", [make_frame(i) for i in range(3)]))
    with open(path / LOG_NAME, "ab") as log:
        log.write(torn)
    recording = Recording(path)
    assert "3 whole frames kept" in recording.repaired
    assert recording.info.status == "recovered"
    assert [frame.index for frame in recording] == [0, 1, 2]
    assert Recording(path).repaired == "", "repaired once"


def test_a_line_whose_file_is_not_whole_is_dropped(tmp_path: Path) -> None:
    path = tear(write_recording(tmp_path, "short", [make_frame(i) for i in range(3)]))
    last = path / "depth" / "000002.png"
    last.write_bytes(last.read_bytes()[:-5])
    recording = Recording(path)
    assert len(recording) == 2
    assert last.exists(), "what no line names stays where it is"


def test_a_recording_that_is_being_written_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, "live", source="test") as writer:
        for i in range(4):
            writer.append(encode(make_frame(i), None))
        recording = Recording(writer.path)
        assert (len(recording), recording.info.status, recording.repaired) == (4, "recording", "")
    assert Recording(writer.path).info.status == "closed"


def test_killed_in_mid_recording(tmp_path: Path) -> None:
    """A process that dies without a word leaves whole frames, and the next to look repairs the rest."""
    script = (
        "import os, sys; from pathlib import Path; from capture.encoding import encode\n"
        "from capture.writer import RecordingWriter; from tests.frames import make_frame\n"
        "writer = RecordingWriter(Path(sys.argv[1]), 'killed', source='test')\n"
        "for i in range(20): writer.append(encode(make_frame(i), None))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[1]
    process = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, check=False)
    assert process.returncode != 0
    (recording,) = Dataset(tmp_path)
    assert recording.info.status == "recovered"
    assert [frame.index for frame in recording] == list(range(20))


def test_a_full_disk_ends_the_recording_and_keeps_every_whole_frame(tmp_path: Path) -> None:
    """A file-size limit stands for the full disk: the log cannot grow, its last line is torn off again."""
    script = (
        "import resource, signal, sys; from pathlib import Path; from capture.encoding import encode\n"
        "from capture.frame import CaptureError\n"
        "from capture.writer import RecordingWriter; from tests.frames import make_frame\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with RecordingWriter(Path(sys.argv[1]), 'full', source='test') as writer:\n"
        "    writer.append(encode(make_frame(0), None))\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "    try:\n"
        "        for i in range(1, 100): writer.append(encode(make_frame(i), None))\n"
        "    except CaptureError as error: print(error); raise SystemExit(1)\n"
    )
    if sys.platform == "win32":
        pytest.skip("file-size limits are POSIX")
    root = Path(__file__).parents[1]
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert process.returncode == 1, process.stderr
    assert "are whole; free some space" in process.stdout
    (recording,) = Dataset(tmp_path)
    assert recording.info.status == "incomplete"
    assert [frame.index for frame in recording] == list(range(len(recording)))
    assert 2 < len(recording) < 100
    assert not list(recording.path.glob(f"*/{len(recording):06d}.*")), "no file of the frame that failed stays"


def test_what_is_not_a_recording(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="does not exist"):
        Dataset(tmp_path / "nowhere")
    with pytest.raises(CaptureError, match="lidarlive import"):
        Dataset(tmp_path)
    with pytest.raises(CaptureError, match="not a recording"):
        Recording(tmp_path)
    (tmp_path / INFO_NAME).write_text('{"name": 1}')
    with pytest.raises(CaptureError, match=f"{INFO_NAME} cannot be read"):
        Recording(tmp_path)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    path = write_recording(tmp_path, "gone", [make_frame(0)])
    (path / "rgb" / "000000.jpg").unlink()
    with pytest.raises(CaptureError, match=r"000000\.jpg cannot be read"):
        Recording(path)[0]
    (path / "rgb" / "000000.jpg").write_bytes(b"not a picture")
    with pytest.raises(CaptureError, match="not a whole image"):
        Recording(path)[0]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        CaptureError, match=f"cannot begin a recording here .*{errno_text(errno.EEXIST, errno.ENOTDIR)}"
    ):
        write_recording(tmp_path / "file", "x", [make_frame(0)])


def test_names_fit_every_file_system() -> None:
    assert recording_name("  Küche / desk: 2 ") == "Küche---desk--2"
    assert recording_name("../..") == "recording"


def errno_text(*numbers: int) -> str:
    import os

    return "(" + "|".join(os.strerror(number) for number in numbers) + ")"


def tear(path: Path) -> Path:
    """Make a closed recording look as a crash leaves it."""
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "status": "recording"}))
    return path
