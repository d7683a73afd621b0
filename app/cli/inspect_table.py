"""What `lidarlive inspect` found, for a person: legible in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from capture.frame import Camera
from capture.frame_filter import FrameFilter
from capture.inspection.findings import runs
from capture.inspection.survey import LEAST_SHARE, METRES
from capture.storage.json_codec import from_document

CAMERAS = {Camera.LIDAR.value: "LiDAR", Camera.TRUEDEPTH.value: "front"}
BAR_WIDTH = 40  # letters
STANDS_STILL = 0.5  # share of the time from which it is worth a remark
MANY_BLURRED = 0.1  # share of the frames
MANY_DARK = 0.1


def show(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print rows of app.cli.inspect.summary."""
    console.print(_table(rows))
    console.print(Text(_legend(rows), style="dim"))
    for row in rows:
        for remark in remarks(row):
            console.print(Text(f"{row['name']}: {remark}"), soft_wrap=not console.is_terminal)
    seen = [row for row in rows if row["survey"]]
    if not seen:
        return
    coverage = overall(seen)
    console.print("\nConfident depth by distance, share of all pixels")
    console.print(_histogram(coverage))
    for sentence in sentences(seen, coverage):
        console.print(Text(sentence), soft_wrap=not console.is_terminal)


def overall(rows: Sequence[dict[str, Any]]) -> list[float]:
    """Shares of the pixels by metre over all recordings; each counts as long as it has frames."""
    frames = sum(row["frames"] for row in rows)
    return [sum(row["survey"]["coverage"][m] * row["frames"] for row in rows) / frames for m in range(METRES + 1)]


def remarks(row: dict[str, Any]) -> Iterator[str]:
    """What the table has no room for, or what is unusual in this recording."""
    if row["status"] != "closed":
        yield f"status {row['status']}"
    if row["lost"]:
        yield "lost " + ", ".join(f"{count} {cause}" for cause, count in row["lost"].items())
    if row["possibly_lost_before_usb"]:
        yield f"possibly lost before USB: {row['possibly_lost_before_usb']}"
    if row["chosen"] is not None:
        yield f"chosen: {from_document(FrameFilter, row['chosen']).words()}; what was left out is not lost"
    if row["note"]:
        yield f"note: {''.join(letter if letter.isprintable() else ' ' for letter in row['note'])}"
    if survey := row["survey"]:
        if survey["still"] and survey["still"]["share"] >= STANDS_STILL:
            yield f"the camera stands still in {survey['still']['share']:.0%} of it"
        if survey["blurred"] >= MANY_BLURRED * survey["looked_at"]:
            yield f"{survey['blurred']} of {survey['looked_at']} pictures looked at are blurred"
        if survey["dark"] >= MANY_DARK:
            yield f"{survey['dark']:.0%} of the pictures are dark"


def sentences(rows: Sequence[dict[str, Any]], coverage: Sequence[float]) -> Iterator[str]:
    """On all recordings together."""
    yield from _missing(coverage)
    surveys = [row["survey"] for row in rows]
    darkest, brightest = (f(s["brightness"][i] for s in surveys) for f, i in ((min, 0), (max, 2)))
    middle = sum(s["brightness"][1] * row["frames"] for s, row in zip(surveys, rows, strict=True))
    middle /= sum(row["frames"] for row in rows)
    yield f"Brightness {middle:.0%}, from {darkest:.0%} in the darkest picture to {brightest:.0%} in the brightest."
    tilted = [s for s in surveys if s["tilt_deg"]]
    if tilted:
        low, high = min(s["tilt_deg"][0] for s in tilted), max(s["tilt_deg"][2] for s in tilted)
        down, up = (sum(s[key] * s["looked_at"] for s in tilted) for key in ("looked_down", "looked_up"))
        count = sum(s["looked_at"] for s in tilted)
        yield (
            f"The camera looked down in {down / count:.0%} of the pictures, up in {up / count:.0%}: "
            f"from {_degrees(low)} to {_degrees(high)}."
        )
    else:
        yield "Nothing tells how the camera was tilted: there are no poses of a phone's LiDAR camera."
    timed = [(s["still"]["share"], row["seconds"]) for s, row in zip(surveys, rows, strict=True) if s["still"]]
    if total := sum(seconds for _, seconds in timed):
        yield f"It stood still in {sum(share * seconds for share, seconds in timed) / total:.0%} of the time."
    blurred, looked_at = (sum(s[key] for s in surveys) for key in ("blurred", "looked_at"))
    yield f"{blurred} of {looked_at} pictures looked at are blurred, compared with the others of their recording."


def _missing(coverage: Sequence[float]) -> Iterator[str]:
    """Metres without data; neighbours are told as one."""
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


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    """Two lines a recording, so that sizes and dates have room."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("recording", overflow="fold", min_width=16)
    for name in ("camera", "frames", "fps", "lost", "sizes", "depth", "sure", "disk"):
        table.add_column(name, justify="left" if name == "camera" else "right", no_wrap=True)
    for row in rows:
        near, far = row["depth_m"]
        minutes, seconds = divmod(round(row["seconds"]), 60)
        table.add_row(
            Text(f"{row['name']}\n{_began(row)}"),
            CAMERAS[row["camera"]],
            f"{row['frames']}\n{minutes}:{seconds:02d}",
            f"{row['fps']:.1f}",
            str(sum(row["lost"].values())),
            "\n".join("x".join(map(str, row[size])) for size in ("rgb_size", "depth_size")),
            "none" if near is None else f"{near:.1f}–{far:.1f} m",
            "–" if row["confident"] is None else f"{row['confident']:.0%}" + ("" if row["has_confidence"] else "*"),
            _size(row["disk_bytes"]),
        )
    return table


def _legend(rows: Sequence[dict[str, Any]]) -> str:
    believed = "" if all(row["has_confidence"] for row in rows) else " (* any reading: it has no confidence)"
    return f"sure: pixels with a confident reading{believed}"


def _began(row: dict[str, Any]) -> str:
    """As the recording's folder says it, in UTC; the folder's name where that is another."""
    began, _, _ = Path(row["path"]).name.partition("_")
    try:
        return f"{datetime.strptime(began, '%Y-%m-%dT%H-%M-%SZ'):%Y-%m-%d %H:%M}"
    except ValueError:
        return Path(row["path"]).name


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB" if size < 1e7 else f"{size / 1e6:.0f} MB"
