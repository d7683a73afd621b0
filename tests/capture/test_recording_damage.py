"""Whatever lies on the disk, the reader gives frames or our one error: no traceback, no hang, no memory without end."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.inspect import summary
from capture import recording as recording_module
from capture.errors import LidarliveError
from capture.inspection.checksums import damage
from capture.inspection.examine import examine
from capture.recording import Recording
from capture.storage import layout
from capture.storage.layout import INFO_NAME, LOG_NAME, checksum
from tests.support.frames import make_frame, write_recording

FILES = (INFO_NAME, LOG_NAME, "rgb/000000.jpg", "depth/000000.png", "confidence/000000.png")
# What a number, a text, a list or a table of a document may be instead.
STRANGE: list[Any] = [
    *(None, True, "", "x", "../../../etc/passwd", "/etc/passwd", "C:\\x", "rgb/../../x/0.jpg", [], {}, [[]], {"x": {}}),
    *(
        -1,
        0,
        1,
        2,
        8192,
        60000,
        1 << 40,
        1 << 63,
        10**400,
        0.5,
        1e300,
        float("nan"),
        float("inf"),
        [1],
        [0, 0],
        [-1, 5],
    ),
    *([60000, 60000], [1.5, 2], ["a", "b"], [[1], [2]], "recording", "lidar", "closed"),
]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("pristine"), "pristine", [make_frame(i) for i in range(2)])


def read_everything(path: Path) -> int:
    """How many frames can be read. Whatever else is raised than our one error, fails the test."""
    assert set(damage(path)) <= set(examine(path).damage)
    try:
        recording = Recording(path)
    except LidarliveError:
        return 0
    read = 0
    for i in range(len(recording)):
        try:
            frame = recording[i]
        except LidarliveError:
            continue
        assert frame.rgb.shape == (*recording.info.rgb_size[::-1], 3)
        assert frame.depth_m.shape == recording.info.depth_size[::-1]
        assert (frame.confidence is not None) == recording.info.has_confidence
        read += 1
    try:
        about = summary(recording)
        assert about.seconds >= 0
        assert 0 < about.fps < float("inf")
    except LidarliveError:
        pass
    return read


def mutated(data: st.DataObject, original: bytes) -> bytes:
    """The bytes with a part exchanged, cut out or put in; or any others."""
    if data.draw(st.booleans(), label="any bytes"):
        return data.draw(st.binary(max_size=300))
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(len(original), start + 40)))
    return original[:start] + data.draw(st.binary(max_size=40)) + original[end:]


def places(document: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths in a JSON document, from the outermost key to the innermost."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def with_value(document: Any, place: tuple[Any, ...], value: object) -> Any:
    if not place:
        return value
    changed = dict(document) if isinstance(document, dict) else list(document)
    changed[place[0]] = with_value(document[place[0]], place[1:], value)
    return changed


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_bytes_in_any_file(pristine: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copytree(pristine, Path(folder) / pristine.name))
        for name in data.draw(st.sets(st.sampled_from(FILES), min_size=1)):
            (path / name).write_bytes(mutated(data, (path / name).read_bytes()))
        read_everything(path)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_value_in_a_document(pristine: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copytree(pristine, Path(folder) / pristine.name))
        info = json.loads((path / INFO_NAME).read_text())
        first, second = map(json.loads, (path / LOG_NAME).read_text().splitlines())
        strange = st.sampled_from(STRANGE)
        if data.draw(st.booleans(), label="in recording.json"):
            info = with_value(info, data.draw(st.sampled_from(places(info))), data.draw(strange))
        else:
            first = with_value(first, data.draw(st.sampled_from(places(first))), data.draw(strange))
        (path / INFO_NAME).write_text(json.dumps(info))
        (path / LOG_NAME).write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
        read_everything(path)


def test_what_is_pristine_is_read(pristine: Path) -> None:
    assert read_everything(pristine) == 2


@pytest.mark.parametrize("nested", [b"[" * 100_000, b'{"index":' * 100_000])
def test_nested_without_end(pristine: Path, tmp_path: Path, nested: bytes) -> None:
    path = Path(shutil.copytree(pristine, tmp_path / "nested"))
    (path / LOG_NAME).write_bytes(nested + b"\n")
    with pytest.raises(LidarliveError, match="line 1"):
        Recording(path)[0]
    (path / INFO_NAME).write_bytes(nested)
    with pytest.raises(LidarliveError, match=INFO_NAME):
        Recording(path)


@pytest.mark.parametrize("place", ["../outside/rgb/0.jpg", "/etc/passwd", "rgb/../../x/0.jpg", "rgb\\0.jpg", ".", ""])
def test_no_line_reaches_out_of_its_recording(pristine: Path, tmp_path: Path, place: str) -> None:
    path = Path(shutil.copytree(pristine, tmp_path / "reaching"))
    rewrite_line(path, lambda line: line["files"]["rgb"].update(path=place))
    with pytest.raises(LidarliveError, match=r"a file's path must be like rgb/000000\.jpg"):
        Recording(path)[0]


def png_start(width: int, height: int, bits: int, colour: int) -> bytes:
    """A PNG's signature and its first chunk."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def test_a_picture_that_claims_another_size_is_not_decoded(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60000x60000 pixels of 16 bits are 7 GB, in a file of some hundred bytes."""
    path = Path(shutil.copytree(pristine, tmp_path / "huge"))
    (path / "depth" / "000000.png").write_bytes(png_start(60000, 60000, 16, 0))
    colour = cv2.imencode(".png", np.zeros((32, 24, 3), np.uint8))[1].tobytes()
    (path / "confidence" / "000000.png").write_bytes(colour)
    jpeg = bytearray((path / "rgb" / "000000.jpg").read_bytes())
    size = struct.pack(">HH", 96, 72)
    assert jpeg.count(size) == 1
    (path / "rgb" / "000000.jpg").write_bytes(jpeg.replace(size, struct.pack(">HH", 60000, 60000)))
    recording = Recording(path)
    line = recording.line(0)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    monkeypatch.setattr(recording_module, "decode_jpeg", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(LidarliveError, match=r"must be a grey PNG of \(24, 32\), uint16"):
        recording.depth_m(line)
    with pytest.raises(LidarliveError, match=r"must be a grey PNG of \(24, 32\), uint8"):
        recording.confidence(line)
    with pytest.raises(LidarliveError, match=r"must be \(72, 96\). Received: \(60000, 60000\)"):
        recording.rgb(line)


def test_sizes_beyond_any_camera_are_refused_wherever_they_stand(pristine: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(pristine, tmp_path / "sizes"))
    rewrite_line(path, lambda line: line["files"]["depth"].update(size=[60000, 60000]))
    with pytest.raises(LidarliveError, match="1 to 8192 pixels"):
        Recording(path)[0]
    rewrite_line(path, lambda line: line["files"]["depth"].update(size=[25, 32]))
    with pytest.raises(LidarliveError, match=f"as in {INFO_NAME}"):
        Recording(path)[0]
    assert any(f"as in {INFO_NAME}" in line for line in damage(path))
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "depth_size": [60000, 60000]}))
    with pytest.raises(LidarliveError, match=r"depth_size\[0\] must be int <= 8192\. Received: \[60000, 60000\]"):
        Recording(path)


def test_confidence_of_another_scale_is_refused(pristine: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(pristine, tmp_path / "scale"))
    levels = cv2.imencode(".png", np.full((32, 24), 255, np.uint8))[1].tobytes()
    (path / "confidence" / "000000.png").write_bytes(levels)
    rewrite_line(path, lambda line: line["files"]["confidence"].update(crc32=checksum(levels)))
    with pytest.raises(LidarliveError, match=r"confidence must be 0, 1 or 2\. Received: 255"):
        Recording(path)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes in folders are POSIX")
@pytest.mark.parametrize("name", FILES)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(pristine: Path, tmp_path: Path, name: str) -> None:
    path = Path(shutil.copytree(pristine, tmp_path / "pipe"))
    (path / name).unlink()
    os.mkfifo(path / name)
    with pytest.raises(LidarliveError, match=r"is not a file|has no recording\.json"):
        Recording(path)[0]
    assert list(damage(path))


def test_files_larger_than_any_of_ours_are_not_read(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(pristine, tmp_path / "large"))
    os.truncate(path / "depth" / "000000.png", layout.MAX_IMAGE_BYTES + 1)
    with pytest.raises(LidarliveError, match="must have at most 67108864 bytes"):
        Recording(path)[0]
    (path / LOG_NAME).write_bytes(b"\n" * 1000)
    with pytest.raises(LidarliveError, match="is not a log of frames"):
        Recording(path)
    os.truncate(path / LOG_NAME, layout.MAX_LOG_BYTES + 1)
    with pytest.raises(LidarliveError, match="must have at most 1073741824 bytes"):
        Recording(path)
    os.truncate(path / INFO_NAME, layout.MAX_INFO_BYTES + 1)
    with pytest.raises(LidarliveError, match="must have at most 1048576 bytes"):
        Recording(path)


def rewrite_line(path: Path, change: Any) -> None:
    """Change the first line of the log, as a dictionary."""
    first, *others = (path / LOG_NAME).read_text().splitlines()
    line = json.loads(first)
    change(line)
    (path / LOG_NAME).write_text("\n".join([json.dumps(line), *others]) + "\n")
