"""Tables of the benchmark of the networks, as Markdown for docs/model.md, and its goals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from app.bench.goals import Goal, Side
from model.bench.job import Row

Speed = dict[str, dict[str, float]]

RANGE = "far"  # confidence 1 or more, up to 10 m: rooms are larger than `near`
MEASURES = {
    "rmse_m": "RMSE m",
    "abs_rel": "AbsRel",
    "delta1": "δ1",
    "edge_f1": "edge F1",
    "boundary_error_px": "boundary px",
}
RUNTIMES = {"openvino_ms": "OpenVINO", "tf_function_ms": "tf.function"}
ORIGINAL, FAST = "original", "fast"
SPEED_OVER_ORIGINAL = 30.0
# Measure and row, and below how many times that of which other row it should be; `above`: above it.
COMPARED: tuple[tuple[str, str, float, str, Side], ...] = (
    ("rmse_m", FAST, 0.6, ORIGINAL, "below"),
    ("rmse_m", FAST, 1.0, "fastdepth-pretrained", "below"),
    ("rmse_m", FAST, 1.0, "fast-no-gradient", "below"),
    ("edge_f1", FAST, 1.0, "fast-no-gradient", "above"),
    ("boundary_error_px", FAST, 1.0, "fast-no-gradient", "below"),
    ("rmse_m", "fast-edges-zeroed", 1.0, FAST, "above"),
)


def goals(results: Sequence[Row], speed: Speed) -> list[Goal]:
    """Goals of the networks that were run, by the means over their seeds."""
    found = []
    for recording in _recordings(results):
        for measure, row, share, other, side in COMPARED:
            mine, others = (_values(results, name, recording, measure) for name in (row, other))
            if mine and others:
                times = "" if share == 1 else f"{share:g} times "
                what = f"{recording}: {MEASURES[measure]} of {row} {side} {times}that of {other}"
                found.append(Goal(what, mean(mine), side, share * mean(others)))
    if ORIGINAL in speed and FAST in speed:
        for runtime, title in RUNTIMES.items():
            times_faster = speed[ORIGINAL][runtime] / speed[FAST][runtime]
            what = f"{title}: frames of {FAST} in the time of one of {ORIGINAL}"
            found.append(Goal(what, times_faster, "above", SPEED_OVER_ORIGINAL))
    return found


def markdown(document: Row) -> str:
    """The tables, what they were measured on, and the goals. `document` is what `--json` prints, but for the goals."""
    results, speed, computer = document["results"], document["speed"], document["measured_on"]
    parts = [
        f"Trained {_how(document)}, on {_frames(document['train'])}; "
        f"{_frames(document['held_out'])} chose the epoch. Input {document['size'][0]}x{document['size'][1]}, range "
        f"`{RANGE}`, no median scaling. Measured on {computer['processor']}, {computer['cores']} cores, "
        f"{computer['memory_gb']} GB, load {computer['load'][0]:.1f}; "
        f"{computer['system']}, Python {computer['python']}.",
        *(_accuracy(results, recording) for recording in _recordings(results)),
        _cost(results, speed),
        _goals(goals(results, speed)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _how(document: Row) -> str:
    where = "; ".join(sorted({result["trained_on"] for result in document["results"]}))
    if document["minutes"] is None:
        return f"with {document['images']:,} images each ({where}; minutes by the clock)"
    return f"for {document['minutes']:g} minutes of processor time each ({where})"


def _accuracy(results: Sequence[Row], recording: str) -> str:
    lines = []
    for row, about in _rows(results).items():
        values = (_values(results, row, recording, measure) for measure in MEASURES)
        seeds = sum(result["row"] == row for result in results)
        lines.append((row, about, str(seeds), *(_spread(each) for each in values)))
    return _table((f"on {recording}", "what it is", "seeds", *MEASURES.values()), lines)


def _cost(results: Sequence[Row], speed: Speed) -> str:
    lines = []
    for row in _rows(results):
        of_row = [result for result in results if result["row"] == row]
        if row not in speed:
            continue
        steps, images = (mean(result[name] for result in of_row) for name in ("steps", "images"))
        minutes = mean(result["minutes"] for result in of_row)
        size = f"{of_row[0]['parameters'] / 1e6:.2f} M", f"{of_row[0]['macs'] / 1e9:.2f}"
        lines.append((row, f"{minutes:.1f}", f"{steps:,.0f}", f"{images:,.0f}", *size, *_times(row, speed)))
    header = ("network", "minutes", "steps", "images seen", "parameters", "GMAC")
    return _table((*header, *(f"{title} ms" for title in RUNTIMES.values())), lines)


def _times(row: str, speed: Speed) -> Iterable[str]:
    """Milliseconds a frame, and how many times as fast as `original` that is."""
    for runtime in RUNTIMES:
        taken_ms = speed[row][runtime]
        faster = f" (x{speed[ORIGINAL][runtime] / taken_ms:.1f})" if ORIGINAL in speed else ""
        yield f"{taken_ms:.1f}{faster}"


def _goals(found: Sequence[Goal]) -> str:
    lines = [
        (goal.what, f"{goal.measured:.3f}", f"{goal.side} {goal.limit:.3f}", "met" if goal.met else "missed")
        for goal in found
    ]
    return _table(("goal", "measured", "should be", ""), lines) if lines else ""


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *lines))


def _rows(results: Sequence[Row]) -> dict[str, str]:
    """The rows in the order measured, and what each is."""
    return {result["row"]: result["about"] for result in results}


def _recordings(results: Sequence[Row]) -> list[str]:
    return list(results[0]["recordings"]) if results else []


def _values(results: Sequence[Row], row: str, recording: str, measure: str) -> list[float]:
    """One value for each seed; none where the measure has none."""
    measured = (r["recordings"][recording][RANGE][measure] for r in results if r["row"] == row)
    return [value for value in measured if value is not None]


def _spread(values: Sequence[float]) -> str:
    """The mean, and the least and the most where there are several."""
    if not values:
        return "–"
    spread = f" ({min(values):.3f}–{max(values):.3f})" if len(values) > 1 else ""
    return f"{mean(values):.3f}{spread}"


def _frames(recordings: dict[str, int]) -> str:
    return ", ".join(f"{name} ({frames} frames)" for name, frames in recordings.items())
