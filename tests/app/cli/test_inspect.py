"""What `lidarlive inspect` prints, and gives to programs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from app.cli.inspect import InspectCommand, run, summary
from app.cli.inspect_table import InspectedRecording, clocks, overall_coverage, remarks, sentences, show
from capture.inspection.motion import Stillness
from capture.recording import Recording
from capture.storage.layout import SCHEMA_VERSION
from tests.support.frames import make_frame, timed, write_recording


def inspected(dataset: Path, name: str, at_m: float = 1.5, count: int = 4, **changes: Any) -> InspectedRecording:
    recorded = [
        replace(f, depth_m=np.full_like(f.depth_m, at_m))
        for f in (make_frame(i, depth_size=(192, 256)) for i in range(count))
    ]
    found = summary(Recording(write_recording(dataset, name, recorded)))
    info = {name: changes.pop(name) for name in list(changes) if hasattr(found.info, name) and name != "frames"}
    return replace(found, info=replace(found.info, **info), **changes)


def printed(rows: list[InspectedRecording]) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    show(rows, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_table_of_many_fits_80_columns(tmp_path: Path) -> None:
    worst = {"rgb_size": (1440, 1920), "frames": 123456, "fps": 119.9, "lost": {"phone_dropped": 1234}}
    worst |= {"disk_bytes": 123_400_000, "seconds": 5999.0, "depth_m": (0.25, 4.96), "has_confidence": False}
    rows = [inspected(tmp_path, name, **worst) for name in ("the-living-room-in-the-evening", "desk")]
    text = printed(rows)
    assert max(map(len, text.splitlines())) <= 80
    for words in ("1440x1920", "192x256", "123456", "99:59", "119.9", "1234", "0.2–5.0 m", "100%*", "123 MB"):
        assert text.count(words) >= 2, words
    assert "desk: lost 1234 phone_dropped" in text
    assert "the-living-room" in text


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    rows = [inspected(tmp_path, "near", 0.5, count=2), inspected(tmp_path, "far", 3.5, count=6)]
    assert overall_coverage(rows) == pytest.approx([0.25, 0, 0, 0.75, 0, 0]), "as long as each has frames"
    said = list(sentences(rows, overall_coverage(rows)))
    assert said[0] == "No data at 1–3 m, 4 m and beyond."
    assert "Hardly any data (under 2 % of the pixels) at 2–3 m." in list(
        sentences(rows, [0.5, 0.2, 0.01, 0.2, 0.1, 0.1])
    )
    text = printed(rows)
    assert "1–2 m" in text
    assert "no data" in text


def test_what_is_unusual_in_one_is_said_of_it(tmp_path: Path) -> None:
    plain = inspected(tmp_path, "plain")
    assert plain.survey is not None
    assert list(remarks(replace(plain, survey=replace(plain.survey, dark=0.0, still=None)))) == []
    odd = replace(plain.survey, dark=0.5, still=Stillness(0.75, "pose"), blurred=3)
    info = replace(plain.info, status="recovered", note="a\x1b[31m")
    said = list(remarks(replace(plain, info=info, survey=odd)))
    assert said == [
        "status recovered",
        "note: a [31m",
        "the camera does not move in 75% of it",
        "3 of 4 sampled pictures are blurred",
        "50% of the pictures are dark",
    ]


def test_a_unit_that_an_import_assumed_is_doubted(tmp_path: Path) -> None:
    deep = inspected(tmp_path, "deep", 21.0, depth_scale=1000.0)
    (doubt,) = (line for line in remarks(deep) if "--depth-scale" in line)
    assert doubt.startswith("its depth is 21 to 21 m, deeper than a room, if 1000 units are a metre")
    for plain in (replace(deep, info=replace(deep.info, depth_scale=None)), replace(deep, depth_m=(0.5, 4.0))):
        assert not [line for line in remarks(plain) if "--depth-scale" in line]


@pytest.mark.parametrize(
    ("scale", "size", "name"),
    [
        (5000.0, (480, 640), "other"),
        (1000.0, (192, 256), "LiDAR"),
        (1000.0, (256, 192), "LiDAR"),
        (None, (24, 32), "LiDAR"),
    ],
)
def test_a_kinect_is_not_listed_as_a_lidar(
    scale: float | None, size: tuple[int, int], name: str, tmp_path: Path
) -> None:
    text = printed([inspected(tmp_path, "desk", depth_scale=scale, depth_size=size)])
    (row,) = (line for line in text.splitlines() if line.startswith("desk ") and " 4 " in line)
    assert row.split()[1] == name


def test_all_of_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path, "known", [make_frame(i) for i in range(3)])
    assert run(InspectCommand([tmp_path], json=True)) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["path"] == str(path)
    assert found["disk_bytes"] == sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert found["confident"] == pytest.approx(767 / 768)
    assert found["depth_m"] == pytest.approx([1.0, 1.002], abs=0.002)
    assert found["survey"]["coverage"] == pytest.approx([0, 767 / 768, 0, 0, 0, 0])
    assert set(found["survey"]) == {
        *("looked_at", "coverage", "brightness", "dark", "tilt_deg", "looked_down", "looked_up", "blurred", "still")
    }


def test_an_empty_recording_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path, "empty", [make_frame(0)])
    (path / "frames.jsonl").write_bytes(b"")
    assert run(InspectCommand([tmp_path], json=False)) == 0
    assert "none" in capsys.readouterr().out
    assert run(InspectCommand([tmp_path], json=True)) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["survey"], found["confident"], found["depth_m"]) == (None, None, [None, None])


def test_which_clock_a_recording_has(tmp_path: Path) -> None:
    by_arrival = inspected(tmp_path, "old")
    sent = [replace(timed(make_frame(n)), index=i) for i, n in enumerate(n for n in range(30) if n != 20)]
    by_camera = summary(Recording(write_recording(tmp_path, "new", sent)))
    sent[5], sent[7] = replace(sent[5], camera_time_s=None), replace(sent[7], camera_time_s=1.0)
    mixed = summary(Recording(write_recording(tmp_path, "mixed", sent)))
    assert list(clocks([by_camera])) == ["times: by the camera's clock"]
    assert list(clocks([by_arrival, by_camera, replace(by_camera, frames=0)])) == [
        "times: by arrival at this computer (old)",
        "times: by the camera's clock (new)",
    ]
    assert list(clocks([mixed])) == ["times: by the camera's clock, and by arrival where that has no time"]
    assert "the camera's clock went back, repeated or jumped in 1 of 29 frames" in list(remarks(mixed))
    assert "missing by the camera's clock: 1" in list(remarks(by_camera))
    counted = replace(by_camera, info=replace(by_camera.info, lost={"phone_dropped": 1}))
    assert "missing by the camera's clock: 1" not in list(remarks(counted)), "it is among the losses"
    newer = replace(by_camera, info=replace(by_camera.info, schema_version=SCHEMA_VERSION + 1))
    assert "made by a newer lidarlive (schema 3): what is new in it is not shown" in list(remarks(newer))
    assert "times: by the camera's clock" in printed([by_camera])


def test_the_clock_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent = [replace(timed(make_frame(n)), index=i) for i, n in enumerate(n for n in range(30) if n != 20)]
    sent[5], sent[7] = replace(sent[5], camera_time_s=None), replace(sent[7], camera_time_s=1.0)
    write_recording(tmp_path, "mixed", sent)
    assert run(InspectCommand([tmp_path], json=True)) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["clock"] == {"name": "mixed", "frames": 29, "by_camera": 27, "astray": 1, "missing": 1}
    assert found["schema_version"] == 2
    assert found["seconds"] == pytest.approx(29 / 60, abs=1e-6)
