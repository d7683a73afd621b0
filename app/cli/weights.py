"""`lidarlive weights`: list, use and export weights versions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.progress import run_job
from model import store
from model.config import REPORT_NAME, VersionConfig
from model.events import Exported
from model.report import Figures, Report


def list_versions(as_json: bool) -> int:
    """Print all versions and mark the one in use. Raises LidarliveError where `active.json` cannot be read."""
    active = store.active()
    rows = [_row(folder, active) for folder in store.versions()]
    if as_json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    table = Table("", "version", "from", "RMSE m", "AbsRel", caption="each on its own held-out recordings, 0.2 to 5 m")
    for row in rows:
        rmse, abs_rel = ("not validated" if value is None else f"{value:.3f}" for value in (row.rmse_m, row.abs_rel))
        table.add_row("→" if row.active else "", row.version, row.parent or "scratch", rmse, abs_rel)
    Console().print(table if rows else "no versions yet: make one with `lidarlive train`")
    return 0


def use(version: str) -> int:
    print(f"in use: {store.use(version).name}")
    return 0


def rollback() -> int:
    print(f"in use: {store.rollback().name}")
    return 0


def export(version: str, out: Path, form: str, as_json: bool) -> int:
    """Write a version in another format into the new folder `out`. Raises LidarliveError where that fails."""
    document = json.dumps({"version": version, "out": str(out), "format": form})
    done = run_job("model.export.formats", document, Exported)
    if as_json:
        print(json.dumps(asdict(done)))
    else:
        print(f"{out}: {done.version} as {form}; it differs from Keras by {done.difference:.1g} at most, relative")
    return 0


@dataclass(frozen=True)
class Row:
    """One version in the list; the errors are None where it was not validated."""

    version: str
    path: str
    created_utc: str
    parent: str | None
    rmse_m: float | None
    abs_rel: float | None
    active: bool


def _row(folder: Path, active: Path | None) -> Row:
    config, near = VersionConfig.read(folder), _held_out_near(folder)
    errors = near.get("rmse_m"), near.get("abs_rel")
    return Row(folder.name, str(folder), config.created_utc, config.parent, *errors, active=folder == active)


def _held_out_near(folder: Path) -> Figures:
    """The near figures over all held-out recordings; empty where the version was not validated or has no report."""
    path = folder / REPORT_NAME
    if not path.is_file():
        return {}
    report = Report.read(path)
    return report.all.get("near", {}) if report.validated else {}
