"""Export a weights version for other programs: `python -m model.export.formats` with a `Wanted` as JSON.

The JSON is on standard input. Standard output carries one event a line (model/events.py) and nothing else:
    {"event": "progress", "stage", "fraction": 0..1}
    {"event": "done", "out": folder, "version", "format", "difference": the largest from Keras, relative}
                                                                         or {"event": "error", "message"}
Exit status 0, or 1 after an error or a stop. The folder appears whole at the very end, or not at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage import json_codec
from model import store
from model.config import CARD_NAME, CONFIG_NAME, OPENVINO_NAMES, VersionConfig
from model.events import Exported, OnEvent, Progress
from model.export.readme import FORMATS, README_NAME, readme
from model.jobs.worker import answer
from model.predictor import Predictor
from model.preset_facts import PRESETS, preset_names


@dataclass(frozen=True)
class Wanted:
    """The options of an export."""

    version: str  # its name or folder
    out: str  # a folder that must not exist yet
    format: str  # of FORMATS


def export(wanted: Wanted, on_event: OnEvent = lambda event: None) -> Path:
    """Write a version in another format into the folder `wanted.out`, and compare it with Keras; returns the folder.

    Raises LidarliveError where the version or the format is unknown, the networks are damaged, the result differs from
    Keras, or the folder exists or cannot be written; then nothing is left there.
    """
    if wanted.format not in FORMATS:
        raise LidarliveError(f"--format must be one of {', '.join(FORMATS)}. Received: {wanted.format!r}")
    source, out = store.find(wanted.version).resolve(), Path(wanted.out)
    if out.exists():
        raise LidarliveError(f"{out} exists already; an export never overwrites. Choose another folder")
    version = VersionConfig.read(source)
    if version.preset not in PRESETS:
        raise LidarliveError(f"{source}: its preset must be one of {preset_names()}. Received: {version.preset!r}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent, ignore_cleanup_errors=True) as beside:
            folder = Path(beside) / "export"  # the one around it is readable by its owner only
            folder.mkdir()
            difference = _fill(folder, wanted.format, source, version, on_event)
            on_event(Progress("saving", 1.0))  # the last moment to be stopped
            os.replace(folder, out)
    except OSError as error:
        raise LidarliveError(f"{out} cannot be written ({error.strerror or error}); nothing was saved") from error
    on_event(Exported(str(out), source.name, wanted.format, difference))
    return out


def _fill(folder: Path, form: str, source: Path, version: VersionConfig, on_event: OnEvent) -> float:
    """Write all files of the export into `folder`; returns the largest relative difference from Keras."""
    for name in (CONFIG_NAME, CARD_NAME):
        _copy(source / name, folder)
    on_event(Progress("reading", 0.0))
    from model.export import openvino as export
    from model.presets import registry  # TensorFlow takes seconds to import

    preset = registry.PRESETS[version.preset]
    graph = preset.graph(registry.open_networks(preset, source, seed=0))
    on_event(Progress("converting", 0.4))
    if form == "openvino":
        Predictor(source)  # raises LidarliveError where the pair is damaged
        for name in OPENVINO_NAMES:
            _copy(source / name, folder)
        difference = export.difference(graph, export.run_openvino(folder), version.size)
    else:
        write = {"tf": export.export_saved_model, "litert": export.export_litert}[form]
        difference = write(graph, folder, version.size)
    (folder / README_NAME).write_text(readme(version, source.name, form, difference), encoding="utf-8")
    return difference


def _copy(file: Path, folder: Path) -> None:
    """Raises LidarliveError where it cannot be read, OSError where it cannot be written."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise LidarliveError(f"{file} cannot be read ({error.strerror})") from None
    (folder / file.name).write_bytes(data)


def work(document: str, on_event: OnEvent) -> None:
    """Export with the `Wanted` in the document."""
    export(json_codec.decode(Wanted, document), on_event)


if __name__ == "__main__":
    sys.exit(answer(work, "The export was stopped; nothing was saved"))
