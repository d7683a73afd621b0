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
from model.report import SAME_WALK, Report


@dataclass(frozen=True)
class WeightsListCommand:
    """List the versions of the network and mark the active one."""

    json: JsonOption = False


@dataclass(frozen=True)
class ListedVersion:
    """One version in the JSON output; the metrics are None if it was not validated.

    Those of the last fifth of the recording that it was trained on have keys of their own: they flatter the result.
    """

    version: str
    path: str
    created_utc: str
    parent: str | None
    rmse_m: float | None
    abs_rel: float | None
    active: bool
    same_walk_rmse_m: float | None = None
    same_walk_abs_rel: float | None = None


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
    if any(each.same_walk_rmse_m is not None for each in listed):
        caption += f"\n* {SAME_WALK}"
    table = Table("", "version", "from", "RMSE m", "AbsRel", caption=caption)
    for each in listed:
        rmse = _figure(each.rmse_m, each.same_walk_rmse_m)
        abs_rel = _figure(each.abs_rel, each.same_walk_abs_rel)
        table.add_row("→" if each.active else "", each.version, each.parent or "scratch", rmse, abs_rel)
    return table


def _figure(validated: float | None, same_walk: float | None) -> str:
    if validated is not None:
        return f"{validated:.3f}"
    return "not validated" if same_walk is None else f"{same_walk:.3f} *"


def _listed(folder: Path, active: bool) -> ListedVersion:
    config = VersionConfig.read(folder)
    path = folder / REPORT_NAME
    report = Report.read(path) if path.is_file() else None
    return ListedVersion(
        folder.name,
        str(folder),
        config.created_utc,
        config.parent,
        *_near(report if report is not None and report.validated else None),
        active,
        *_near(report if report is not None and report.same_walk else None),
    )


def _near(report: Report | None) -> tuple[float | None, float | None]:
    """Return RMSE in metres and AbsRel, near, over all recordings that it was measured on."""
    near = report.all.get("near", {}) if report is not None else {}
    return near.get("rmse_m"), near.get("abs_rel")
