"""Examining a recording: each fault is found in a recording that has it, and none in others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.frame import Frame
from capture.inspection.checksums import damage
from capture.inspection.examine import Examined, examine
from capture.inspection.rgb_depth_match import LEAST_JUDGED
from capture.storage.layout import LOG_NAME, checksum
from tests.support.frames import write_recording
from tests.support.scenes import scene_frame

FRAMES = 24


@pytest.fixture(scope="module")
def scenes() -> list[Frame]:
    return [scene_frame(i, seed=4) for i in range(FRAMES)]


def replaced(path: Path, number: int, kind: str, data: bytes, honest: bool = True) -> None:
    """Replace a frame's file; `honest`: also its checksum in the log, as if it had been recorded that way."""
    lines = [json.loads(line) for line in (path / LOG_NAME).read_text().splitlines()]
    entry: dict[str, Any] = lines[number]["files"][kind]
    (path / entry["path"]).write_bytes(data)
    if honest:
        entry["crc32"] = checksum(data)
    (path / LOG_NAME).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def kinds(found: Examined) -> list[tuple[str, bool, tuple[int, ...]]]:
    return [(each.kind, each.is_damage, each.frames) for each in found.findings]


def test_a_clean_recording_has_no_findings_and_every_frame_is_reported(tmp_path: Path, scenes: list[Frame]) -> None:
    told: list[int] = []
    found = examine(write_recording(tmp_path, "clean", scenes), told.append)
    assert (found.findings, found.damage, found.undetermined, found.frames) == ((), (), "", FRAMES)
    assert told == list(range(1, FRAMES + 1))
    assert found.agreement is not None
    assert found.agreement > 0.5


def test_files_that_changed_on_the_disk(tmp_path: Path, scenes: list[Frame]) -> None:
    path = write_recording(tmp_path, "hurt", scenes)
    replaced(path, 3, "depth", b"x", honest=False)
    replaced(path, 4, "rgb", b"x", honest=False)
    (path / "confidence" / "000009.png").unlink()
    found = examine(path)
    assert kinds(found) == [("file", True, (3, 4, 9))]
    assert list(found.damage) == list(damage(path)) == list(found.findings[0].details)
    assert found.damage[0] == "frame 3: depth/000003.png does not match its checksum"


def test_a_picture_that_arrived_garbled(tmp_path: Path, scenes: list[Frame]) -> None:
    path = write_recording(tmp_path, "garbled", scenes)
    jpeg = (path / "rgb" / "000005.jpg").read_bytes()
    replaced(path, 5, "rgb", jpeg[: len(jpeg) // 2] + jpeg[len(jpeg) // 2 + 300 :])
    replaced(path, 7, "rgb", scene_frame(0, landscape=True).rgb.tobytes()[:5000])
    assert list(damage(path)) == [], "it is what was recorded"
    found = examine(path)
    assert kinds(found) == [("picture", True, (5, 7))]
    assert "rgb/000005.jpg: the JPEG is garbled" in found.damage[0]


def test_undecodable_depth_and_confidence(tmp_path: Path, scenes: list[Frame]) -> None:
    path = write_recording(tmp_path, "wrong", scenes)
    replaced(path, 2, "confidence", cv2.imencode(".png", np.full((64, 48), 3, np.uint8))[1].tobytes())
    replaced(path, 3, "depth", cv2.imencode(".png", np.full((60, 48), 3, np.uint16))[1].tobytes())
    found = examine(path)
    assert kinds(found) == [("depth", True, (2, 3))]
    assert found.damage[0] == "frame 2: confidence/000002.png: confidence must be 0, 1 or 2. Received: 3"


def test_lines_that_cannot_be_read(tmp_path: Path, scenes: list[Frame]) -> None:
    path = write_recording(tmp_path, "torn", scenes)
    lines = (path / LOG_NAME).read_bytes().splitlines(keepends=True)
    lines[1] = b"{}\n"
    (path / LOG_NAME).write_bytes(b"".join(lines))
    found = examine(path)
    assert kinds(found) == [("line", True, ())]
    assert list(found.damage) == list(damage(path))
    assert found.frames == FRAMES - 1


def test_the_remains_of_a_crash(tmp_path: Path) -> None:
    (tmp_path / "2026-11-26T14-00-00Z_left").mkdir()
    found = examine(tmp_path / "2026-11-26T14-00-00Z_left")
    assert kinds(found) == [("recording", True, ())]
    assert "Try: lidarlive check --repair" in found.findings[0].what


def test_pictures_of_another_moment(tmp_path: Path, scenes: list[Frame]) -> None:
    frames = list(scenes)
    for i, other in ((4, 15), (5, 16), (15, 4)):
        frames[i] = replace(scenes[i], image=scenes[other].image)
    found = examine(write_recording(tmp_path, "swapped", frames))
    assert kinds(found) == [("pair", False, (4, 5, 15))]
    assert found.findings[0].where == "frames 4-5, 15"
    assert found.damage == ()


def test_depth_that_is_late(tmp_path: Path, scenes: list[Frame]) -> None:
    late = [replace(f, depth_m=scenes[i - 6].depth_m) if 12 <= i < 18 else f for i, f in enumerate(scenes)]
    (finding,) = examine(write_recording(tmp_path, "late", late)).findings
    assert (finding.kind, finding.is_damage) == ("pair", False)
    assert set(finding.frames) <= set(range(12, 18))
    assert len(finding.frames) >= 5


def test_depth_that_is_not_updated(tmp_path: Path, scenes: list[Frame]) -> None:
    stuck = [replace(f, depth_m=scenes[9].depth_m) if 10 <= i < 13 else f for i, f in enumerate(scenes)]
    found = examine(write_recording(tmp_path, "stuck", stuck))
    assert ("same_depth", False, (10, 11, 12)) in kinds(found)


def test_a_bare_wall_is_no_mismatched_pair(tmp_path: Path, scenes: list[Frame]) -> None:
    walls = [replace(f, depth_m=np.full_like(f.depth_m, 1 + i / 50)) if i % 5 == 0 else f for i, f in enumerate(scenes)]
    assert kinds(examine(write_recording(tmp_path, "walls", walls))) == []


def test_undetectable_mismatches_are_reported_as_undetermined(tmp_path: Path, scenes: list[Frame]) -> None:
    few = examine(write_recording(tmp_path, "few", scenes[: LEAST_JUDGED - 1]))
    assert "belong together" in few.undetermined
    assert few.agreement is None
    mixed = [replace(f, image=scenes[i - 7].image) for i, f in enumerate(scenes)]
    all_wrong = examine(write_recording(tmp_path, "mixed", mixed))
    assert all_wrong.findings == ()
    assert "their edges agree too little" in all_wrong.undetermined


@pytest.mark.parametrize("name", ["stills"])  # more of them in docs/check.md; this one is read in a second
def test_real_recordings_are_clean_and_swapped_ones_are_not(real_data: Path, tmp_path: Path, name: str) -> None:
    import_path(real_data / name, tmp_path, ImportOptions(), lambda done, total: None, lambda remark: None)
    (path,) = tmp_path.iterdir()
    found = examine(path)
    assert (found.findings, found.undetermined) == ((), "")
    lines = [json.loads(line) for line in (path / LOG_NAME).read_text().splitlines()]
    far = lines[2 + len(lines) // 2]["files"]["rgb"]
    lines[2]["files"]["rgb"] = far
    (path / LOG_NAME).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert kinds(examine(path)) == [("pair", False, (2,))]
