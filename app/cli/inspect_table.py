"""The table and the sentences of `lidarlive inspect`, legible in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from capture.frame import LIDAR_PIXELS, Camera
from capture.geometry.room_depth import unit_doubt
from capture.inspection.findings import runs
from capture.inspection.survey import LEAST_SHARE, METRES, Survey
from capture.inspection.time_line import Clock
from capture.storage.layout import SCHEMA_VERSION, RecordingInfo
from capture.wording import counted, verb

CLOCKS = {
    "camera": "the camera's clock",
    "mixed": "the camera's clock, and by arrival where that has no time",
    "source": "the imported data",
    "arrival": "arrival at this computer",
}
CAMERAS = {Camera.LIDAR.value: "LiDAR", Camera.TRUEDEPTH.value: "front"}
OTHER_CAMERA = "other"  # of an imported data set: a Kinect, for example
BAR_WIDTH = 40  # characters
MOSTLY_STILL = 0.5  # share of the time that deserves a remark
MANY_BLURRED = 0.1  # share of the frames
MANY_DARK = 0.1


@dataclass(frozen=True)
class InspectedRecording:
    """A recording and what a sample of its frames shows.

    frames     those on the disk
    depth_m    2nd to 98th percentile of the readings; None without readings
    confident  share of pixels with a confident reading; None without frames, like `survey`
    clock      what timed the frames
    repaired   what was repaired on opening; mostly empty
    """

    info: RecordingInfo
    path: Path
    frames: int
    seconds: float
    fps: float
    disk_bytes: int
    depth_m: tuple[float, float] | None
    confident: float | None
    survey: Survey | None
    clock: Clock
    repaired: str


def show(recordings: Sequence[InspectedRecording], console: Console) -> None:
    """Print the table, remarks on each recording, and a summary of all."""
    console.print(_table(recordings))
    console.print(Text(_legend(recordings), style="dim"))
    for line in clocks(recordings):
        console.print(Text(line, style="dim"), soft_wrap=not console.is_terminal)
    for each in recordings:
        for remark in remarks(each):
            console.print(Text(f"{each.info.name}: {remark}"), soft_wrap=not console.is_terminal)
    if not any(each.survey for each in recordings):
        return
    coverage = overall_coverage(recordings)
    console.print("\nConfident depth by distance, share of all pixels")
    console.print(_histogram(coverage))
    for sentence in sentences(recordings, coverage):
        console.print(Text(sentence), soft_wrap=not console.is_terminal)


def overall_coverage(recordings: Sequence[InspectedRecording]) -> list[float]:
    """Return the share of all pixels with a confident reading by metre, each recording weighted by its frames."""
    surveyed = _surveyed(recordings)
    frames = sum(each.frames for each, _ in surveyed)
    return [
        sum(survey.depth.coverage[m] * each.frames for each, survey in surveyed) / frames for m in range(METRES + 1)
    ]


def remarks(recording: InspectedRecording) -> Iterator[str]:
    """Yield what the table has no room for, and what is unusual in this recording."""
    info = recording.info
    if info.status != "closed":
        yield f"status {info.status}"
    if info.lost:
        yield "lost " + ", ".join(f"{count} {cause}" for cause, count in info.lost.items())
    if info.possibly_lost_before_usb:
        yield f"possibly lost before USB: {info.possibly_lost_before_usb}"
    if recording.clock.missing > info.lost.get("phone_dropped", 0):
        yield f"missing by the camera's clock: {recording.clock.missing}"
    if astray := recording.clock.astray:
        yield f"the camera's clock went back, repeated or jumped in {astray} of {recording.frames} frames"
    if info.schema_version > SCHEMA_VERSION:
        yield f"made by a newer lidarlive (schema {info.schema_version}): what is new in it is not shown"
    if info.chosen is not None:
        yield f"chosen: {info.chosen.words()}; frames left out by choice are not lost"
    if info.note:
        yield f"note: {''.join(letter if letter.isprintable() else ' ' for letter in info.note)}"
    if info.depth_scale is not None and (doubt := unit_doubt(recording.depth_m, info.depth_scale)):
        yield doubt
    if survey := recording.survey:
        if survey.still and survey.still.share >= MOSTLY_STILL:
            yield f"the camera does not move in {survey.still.share:.0%} of it"
        if survey.blurred >= MANY_BLURRED * survey.looked_at:
            are = verb(survey.blurred, "is", "are")
            yield f"{survey.blurred} of {counted(survey.looked_at, 'sampled picture')} {are} blurred"
        if survey.dark >= MANY_DARK:
            yield f"{survey.dark:.0%} of the pictures are dark"


def clocks(recordings: Sequence[InspectedRecording]) -> Iterator[str]:
    """Yield what timed the frames; for each clock the recordings that have it, if there are several clocks."""
    names: dict[str, list[str]] = {}
    for each in recordings:
        if each.frames:
            names.setdefault(CLOCKS[each.clock.name], []).append(each.info.name)
    for clock, named in names.items():
        yield f"times: by {clock}" + (f" ({', '.join(named)})" if len(names) > 1 else "")


def sentences(recordings: Sequence[InspectedRecording], coverage: Sequence[float]) -> Iterator[str]:
    """Yield sentences on all recordings together."""
    yield from _missing(coverage)
    surveyed = _surveyed(recordings)
    surveys = [survey for _, survey in surveyed]
    darkest, brightest = min(s.brightness[0] for s in surveys), max(s.brightness[2] for s in surveys)
    middle = sum(survey.brightness[1] * each.frames for each, survey in surveyed)
    middle /= sum(each.frames for each, _ in surveyed)
    yield f"Brightness {middle:.0%}, from {darkest:.0%} in the darkest picture to {brightest:.0%} in the brightest."
    yield _tilt(surveys)
    timed = [(survey.still.share, each.seconds) for each, survey in surveyed if survey.still]
    if total := sum(seconds for _, seconds in timed):
        yield f"The camera does not move in {sum(share * seconds for share, seconds in timed) / total:.0%} of the time."
    blurred, sampled = sum(s.blurred for s in surveys), sum(s.looked_at for s in surveys)
    pictures = counted(sampled, "sampled picture")
    yield f"{blurred} of {pictures} {verb(blurred, 'is', 'are')} blurred, compared with the others of their recording."


def _surveyed(recordings: Sequence[InspectedRecording]) -> list[tuple[InspectedRecording, Survey]]:
    return [(each, each.survey) for each in recordings if each.survey]


def _tilt(surveys: Sequence[Survey]) -> str:
    tilted = [(survey, survey.tilt_deg) for survey in surveys if survey.tilt_deg]
    if not tilted:
        return "The tilt of the camera is unknown: there are no poses of a phone's LiDAR camera."
    lowest, highest = min(tilt[0] for _, tilt in tilted), max(tilt[2] for _, tilt in tilted)
    sampled = sum(s.looked_at for s, _ in tilted)
    down = sum(s.looked_down * s.looked_at for s, _ in tilted) / sampled
    up = sum(s.looked_up * s.looked_at for s, _ in tilted) / sampled
    return (
        f"The camera points down in {down:.0%} of the pictures, up in {up:.0%}: "
        f"from {_degrees(lowest)} to {_degrees(highest)}."
    )


def _missing(coverage: Sequence[float]) -> Iterator[str]:
    """Yield the metres without data, adjacent ones merged."""
    for words, metres in (
        ("No data at", [m for m, share in enumerate(coverage) if share == 0]),
        ("Hardly any data (under 2 % of the pixels) at", [m for m, s in enumerate(coverage) if 0 < s < LEAST_SHARE]),
    ):
        if metres:
            yield f"{words} {', '.join(_metres(first, last) for first, last in runs(metres))}."


def _metres(first: int, last: int) -> str:
    return f"{first} m and beyond" if last == METRES else f"{first}–{last + 1} m"


def _degrees(tilt: float) -> str:
    return f"{abs(tilt):.0f}° {'down' if tilt < 0 else 'up'}"


def _histogram(coverage: Sequence[float]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right")
    grid.add_column(width=BAR_WIDTH)
    grid.add_column(justify="right")
    most = max(*coverage, LEAST_SHARE)
    for metre, share in enumerate(coverage):
        words = f"beyond {metre} m" if metre == METRES else f"{metre}–{metre + 1} m"
        grid.add_row(words, Bar(most, 0, share, width=BAR_WIDTH), _share(share))
    return grid


def _share(share: float) -> str:
    return "no data" if not share else f"{share:.1%}" if share >= 0.001 else "under 0.1%"


def _table(recordings: Sequence[InspectedRecording]) -> Table:
    """Two lines per recording leave room for sizes and dates."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("recording", overflow="fold", min_width=16)
    for name in ("camera", "frames", "fps", "lost", "sizes", "depth", "sure", "disk"):
        table.add_column(name, justify="left" if name == "camera" else "right", no_wrap=True)
    for each in recordings:
        info = each.info
        minutes, seconds = divmod(round(each.seconds), 60)
        table.add_row(
            Text(f"{info.name}\n{_started(each.path)}"),
            _camera(info),
            f"{each.frames}\n{minutes}:{seconds:02d}",
            f"{each.fps:.1f}",
            str(sum(info.lost.values())),
            "\n".join("x".join(map(str, size)) for size in (info.rgb_size, info.depth_size)),
            "none" if each.depth_m is None else "{:.1f}–{:.1f} m".format(*each.depth_m),
            "–" if each.confident is None else f"{each.confident:.0%}" + ("" if info.has_confidence else "*"),
            _size(each.disk_bytes),
        )
    return table


def _camera(info: RecordingInfo) -> str:
    """Return the camera's name. Image files do not state theirs; a phone's LiDAR has a size of its own."""
    width, height = info.depth_size
    return OTHER_CAMERA if info.depth_scale is not None and width * height != LIDAR_PIXELS else CAMERAS[info.camera]


def _legend(recordings: Sequence[InspectedRecording]) -> str:
    all_confident = all(each.info.has_confidence for each in recordings)
    return "sure: pixels with a confident reading" + (
        "" if all_confident else " (* any reading: no confidence recorded)"
    )


def _started(path: Path) -> str:
    """Return the time in the name of the recording's folder, in UTC; the whole name if it holds none."""
    started, _, _ = path.name.partition("_")
    try:
        return f"{datetime.strptime(started, '%Y-%m-%dT%H-%M-%SZ'):%Y-%m-%d %H:%M}"
    except ValueError:
        return path.name


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB" if size < 1e7 else f"{size / 1e6:.0f} MB"
