"""`lidarlive weights list`: list the versions of the network."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.cli.options import JsonOption
from model import store
from model.config import REPORT_NAME, VersionConfig
from model.report import Report


@dataclass(frozen=True)
class WeightsListCommand:
    """List the versions of the network and mark the active one."""

    json: JsonOption = False


@dataclass(frozen=True)
class ListedVersion:
    """One version in the JSON output; the metrics are None if it was not validated."""

    version: str
    path: str
    created_utc: str
    parent: str | None
    rmse_m: float | None
    abs_rel: float | None
    active: bool


def run(options: WeightsListCommand) -> int:
    """Print the versions. Raises LidarliveError if `active.json` or a version cannot be read."""
    active = store.active()
    listed = [_listed(folder, folder == active) for folder in store.versions()]
    if options.json:
        print(json.dumps([asdict(each) for each in listed]))
    elif listed:
        Console().print(_table(listed))
    else:
        Console().print("no versions yet: make one with `lidarlive train`")
    return 0


def _table(listed: list[ListedVersion]) -> Table:
    caption = "each on its own held-out recordings, 0.2 to 5 m"
    table = Table("", "version", "from", "RMSE m", "AbsRel", caption=caption)
    for each in listed:
        rmse, abs_rel = ("not validated" if value is None else f"{value:.3f}" for value in (each.rmse_m, each.abs_rel))
        table.add_row("→" if each.active else "", each.version, each.parent or "scratch", rmse, abs_rel)
    return table


def _listed(folder: Path, active: bool) -> ListedVersion:
    config = VersionConfig.read(folder)
    rmse_m, abs_rel = _held_out_metrics(folder)
    return ListedVersion(folder.name, str(folder), config.created_utc, config.parent, rmse_m, abs_rel, active)


def _held_out_metrics(folder: Path) -> tuple[float | None, float | None]:
    """Return RMSE in metres and AbsRel, near, over all held-out recordings; None without report or validation."""
    path = folder / REPORT_NAME
    report = Report.read(path) if path.is_file() else None
    near = report.all.get("near", {}) if report is not None and report.validated else {}
    return near.get("rmse_m"), near.get("abs_rel")
