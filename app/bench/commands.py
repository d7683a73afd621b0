"""`lidarlive bench`: what can be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DataArgument, JsonOption, WeightsOption

bench_app = typer.Typer(help="Measure the program on this computer.", no_args_is_help=True)


@bench_app.command("capture")
def bench_capture(
    seconds: Annotated[float, typer.Option(min=1, help="length of the longest case; scales all")] = 60,
    case: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="only this one, or all that fit a pattern as in 'window-*'")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Record at 60 frames a second beside the live window: losses, delays, processor time, memory. About 10 minutes."""
    from app.bench.capture.bench import bench_capture

    raise typer.Exit(bench_capture(seconds, case or [], json))


@bench_app.command("inference")
def bench_inference(
    weights: WeightsOption = None,
    turns: Annotated[int, typer.Option(min=1, help="that each runtime takes; a turn is 8 frames")] = 25,
    json: JsonOption = False,
) -> None:
    """Time the pair for a frame in OpenVINO, tf.function, TFLite and ONNX Runtime, with one and two threads."""
    from app.bench.inference import bench_inference

    raise typer.Exit(bench_inference(weights, turns, json))


@bench_app.command("start")
def bench_start(
    rounds: Annotated[int, typer.Option(min=1, help="starts of each kind")] = 5, json: JsonOption = False
) -> None:
    """Time the start: to the painted window, to the first prediction; and the memory held while no phone is there."""
    from app.bench.start import bench_start

    raise typer.Exit(bench_start(rounds, json))


@bench_app.command("window")
def bench_window(
    seconds: Annotated[float, typer.Option(min=1, help="for each driver; 600 shows whether memory grows")] = 60,
    json: JsonOption = False,
) -> None:
    """Watch a 60 fps stream in the window: repaints, how long its event loop stood still, predictions, memory."""
    from app.bench.capture.bench import bench_capture
    from app.bench.capture.cases import WATCH_SHARE

    raise typer.Exit(bench_capture(seconds / WATCH_SHARE, ["watch-*"], json))


@bench_app.command("data")
def bench_data(json: JsonOption = False) -> None:
    """Time recordings read, opened, checked, exported and imported, and the memory of long ones. A minute or two."""
    from app.bench.data import bench_data

    raise typer.Exit(bench_data(json))


@bench_app.command("model")
def bench_model(
    data: DataArgument,
    held_out: Annotated[list[str], typer.Option(help="a recording that chooses the best epoch and is reported")],
    test: Annotated[list[str] | None, typer.Option(help="a recording that is reported and chooses nothing")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="of processor time for each training; 20 if left out")
    ] = None,
    images: Annotated[int | None, typer.Option(min=1, help="that each training sees, in place of minutes")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="this network; an unknown one lists all")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="train each so many times")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="folder for results and weights; in the home folder if left out")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train each network for the same processor time and measure all alike. Goes on where it was interrupted."""
    from app.bench.model import MINUTES, bench_model

    if minutes is None and images is None:
        minutes = MINUTES
    raise typer.Exit(bench_model(data, held_out, test or [], minutes, images, only or [], seeds, out, json))
