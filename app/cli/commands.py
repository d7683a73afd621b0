"""The commands of `lidarlive`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DataArgument, DriverOption, JsonOption, SourceOption, WeightsOption
from app.cli.weights_commands import weights_app

app = typer.Typer(
    help="Record RGB and LiDAR depth from an iPhone, watch a network predict the depth, and retrain it.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(weights_app, name="weights")


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        view()


@app.command()
def view(
    source: SourceOption = "auto",
    driver: DriverOption = None,
    weights: WeightsOption = None,
    record: Annotated[str | None, typer.Option(help="record from the first frame on, under this name")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="end after this many frames")] = None,
    screenshot: Annotated[Path | None, typer.Option(help="save the window as a PNG after --frames frames")] = None,
) -> None:
    """Open the live window: RGB, predicted depth, LiDAR depth and their difference."""
    from app.cli.view import run

    raise typer.Exit(run(source, driver, weights, record, frames, screenshot))


@app.command()
def devices(
    serial: Annotated[str | None, typer.Option(help="one of several phones; the first if left out")] = None,
    save_wire: Annotated[
        Path | None,
        typer.Option("--save-wire", metavar="FILE.wire", help="keep what the phone sends in 3 s, for emulate to play"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say what stands between this computer and a phone's first frame, step by step, and what to do about it."""
    from app.cli.devices import devices

    raise typer.Exit(devices(json, serial, save_wire))


@app.command()
def record(
    out: Annotated[Path, typer.Argument(help="the data set: a folder that the recording is written into")],
    source: SourceOption = "auto",
    driver: DriverOption = None,
    name: Annotated[str, typer.Option(help="what to call the recording")] = "recording",
    seconds: Annotated[float | None, typer.Option(min=0.1, help="stop after this long")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="stop after this many frames are written")] = None,
    every: Annotated[int, typer.Option(metavar="N", help="only every n-th frame")] = 1,
    moved: Annotated[
        float | None,
        typer.Option(metavar="CM", help="only when the camera has moved so far, or turned so many degrees"),
    ] = None,
    note: Annotated[str, typer.Option(help="a line to keep with the recording")] = "",
    json: JsonOption = False,
) -> None:
    """Record the stream to disk until it ends or you press Ctrl-C. Exit status 3: done, but frames were lost.

    Frames left out by --every or --moved are not lost. Recording only where the prediction is poor is for the window:
    here nothing is predicted.
    """
    from app.cli.record import choice_and_note, record

    raise typer.Exit(
        record(out, source, driver, name, seconds, frames, *choice_and_note(every, moved, note), as_json=json)
    )


@app.command()
def inspect(data: DataArgument, json: JsonOption = False) -> None:
    """Say what is in recordings: a table, and how far the depth reaches, what is missing, how sharp and how held."""
    from app.cli.inspect import inspect

    raise typer.Exit(inspect(data, json))


@app.command()
def check(
    data: DataArgument,
    repair: Annotated[bool, typer.Option("--repair", help="cut off what a crash tore; deletes no whole frame")] = False,
    json: JsonOption = False,
) -> None:
    """Verify every file of recordings, and whether their frames make sense. Exit status 3: damage was found."""
    from app.cli.check import check

    raise typer.Exit(check(data, repair, json))


@app.command("import")
def import_(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SRC... OUT",
            help=".r3d files, Stray Scanner scans, folders with rgb/ and depth/, or TUM RGB-D sequences; then the data "
            "set's folder",
        ),
    ],
    depth_scale: Annotated[
        float | None, typer.Option(metavar="UNITS_PER_METRE", help="of the depth maps; 1000 if left out, 5000 for TUM")
    ] = None,
    intrinsics: Annotated[
        str | None, typer.Option(metavar="FX,FY,CX,CY", help="in pixels of the pictures; unknown if left out")
    ] = None,
    name: Annotated[str | None, typer.Option(help="of the recording; the source's own if left out")] = None,
) -> None:
    """Turn foreign data into recordings. Exit status 3: done, but some frames were damaged and left out."""
    from app.cli.import_data import import_options, import_sources

    if len(sources) < 2:
        raise typer.BadParameter("name at least one source and the folder to import into")
    raise typer.Exit(import_sources(sources[:-1], sources[-1], import_options(depth_scale, intrinsics, name)))


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="a recording, or a folder of recordings")],
    out: Annotated[Path, typer.Argument(help="what to write, which must not be there yet; of a folder, a folder")],
    format: Annotated[str, typer.Option(help="r3d, tum, nerfstudio, folders or ply")],
    frame: Annotated[int | None, typer.Option(min=0, metavar="N", help="ply: of this frame; the middle one")] = None,
    depth_size: Annotated[
        str, typer.Option(metavar="own|rgb", help="rgb: depth at the picture's size, not for r3d and ply")
    ] = "own",
) -> None:
    """Turn recordings into what other programs read. Exit status 3: done, but damaged frames were left out."""
    from app.cli.export import export
    from capture.formats.exporting import ExportOptions

    raise typer.Exit(export(path, out, ExportOptions(format, depth_size, frame)))


@app.command()
def train(
    data: DataArgument,
    held_out: Annotated[
        list[str] | None, typer.Option(help="a recording to judge on, not trained on; the newest if left out")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="fast or original; if left out that of the active weights, else fast")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="passes over the data, at most")] = None,
    budget: Annotated[float | None, typer.Option(min=0.1, metavar="MINUTES", help="stop with the best so far")] = None,
    size: Annotated[
        str | None, typer.Option(help="network input, width x height of an upright picture; 192x256 from scratch")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed and data give the same weights")] = 0,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="do not continue from the active weights")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with the newest training that was interrupted, or that of --out")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="folder of the new version; a new one in the weights folder")] = None,
    json: JsonOption = False,
) -> None:
    """Train the gradient and the finetune network. Leaves a new version and activates nothing."""
    from app.cli.train import train, train_config

    config = train_config(data, held_out or [], epochs, budget, size, seed, preset, from_scratch, resume, out)
    raise typer.Exit(train(config, json))


@app.command()
def evaluate(
    data: DataArgument,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure the network on recordings: RMSE, AbsRel and the rest, near and far."""
    from app.cli.train import evaluate

    raise typer.Exit(evaluate(data, weights, json))


@app.command()
def predict(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGES... OUT", help="JPEG or PNG files; then the folder for what is predicted"),
    ],
    weights: WeightsOption = None,
    focal: Annotated[
        float | None, typer.Option(metavar="PX", help="focal length in pixels of the pictures; from EXIF if left out")
    ] = None,
    ply: Annotated[bool, typer.Option("--ply", help="also a coloured point cloud, a point a pixel predicted")] = False,
    json: JsonOption = False,
) -> None:
    """Predict the depth of any picture, as files. Exit status 3: done, but some pictures were damaged."""
    from app.cli.predict import predict

    if len(images) < 2:
        raise typer.BadParameter("name at least one picture and the folder for what is predicted")
    raise typer.Exit(predict(images[:-1], images[-1], weights, focal, ply, json))


@app.command()
def emulate(
    what: Annotated[str, typer.Argument(metavar="PATH|demo", help="demo, a recording, a .r3d file or a .wire file")],
    socket: Annotated[str | None, typer.Option(metavar="ADDRESS", help="UNIX:/path or 127.0.0.1:port")] = None,
    fps: Annotated[float | None, typer.Option(min=0.1, help="frames a second; the recording's own if left out")] = None,
    loop: Annotated[bool, typer.Option("--loop", help="go round until interrupted")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND@FRAME[:SECONDS]", help="break as phone, cable and usbmuxd do; an unknown KIND lists all"
        ),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="write what is sent when into this file, a JSON line a frame")
    ] = None,
) -> None:
    """Be a phone: play the demo room or a recording to any Record3D client."""
    from app.cli.emulate import emulate

    raise typer.Exit(emulate(what, socket, fps, loop, fault or [], log))
