"""`lidarlive weights`: which versions there are, which one is in use, and one in a form for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from capture.errors import LidarliveError
from model import store
from model.config import REPORT_NAME, VersionConfig
from model.jobs.client import last_event


def list_versions(as_json: bool) -> int:
    """Print the versions, the one in use marked. Raises LidarliveError where `active.json` cannot be read."""
    active = store.active()
    rows = [_about(folder) | {"active": folder == active} for folder in store.versions()]
    if as_json:
        print(json.dumps(rows))
        return 0
    table = Table("", "version", "from", "RMSE m", "AbsRel", caption="each on its own held-out recordings, 0.2 to 5 m")
    for row in rows:
        rmse, abs_rel = ("not validated" if row[key] is None else f"{row[key]:.3f}" for key in ("rmse_m", "abs_rel"))
        mark, parent = "→" if row["active"] else "", row["parent"] or "scratch"
        table.add_row(mark, row["version"], parent, rmse, abs_rel)
    Console().print(table if rows else "no versions yet: make one with `lidarlive train`")
    return 0


def use(version: str) -> int:
    print(f"in use: {store.use(version).name}")
    return 0


def rollback() -> int:
    print(f"in use: {store.rollback().name}")
    return 0


def export(version: str, out: Path, form: str, as_json: bool) -> int:
    """Write a version in another form into the new folder `out`. Raises LidarliveError with what went wrong."""
    done = last_event("model.export.formats", json.dumps({"version": version, "out": str(out), "format": form}))
    del done["event"]
    if as_json:
        print(json.dumps(done))
    else:
        print(
            f"{out}: {done['version']} as {form}; it differs from Keras by {done['difference']:.1g} at most, relative"
        )
    return 0


def _about(folder: Path) -> dict[str, Any]:
    config = VersionConfig.read(folder)
    near = _held_out_near(folder)
    return {
        "version": folder.name,
        "path": str(folder),
        "created_utc": config.created_utc,
        "parent": config.parent,
        "rmse_m": near.get("rmse_m"),
        "abs_rel": near.get("abs_rel"),
    }


def _held_out_near(folder: Path) -> dict[str, Any]:
    """The near figures over all held-out recordings; empty where the version was not validated or has no report."""
    path = folder / REPORT_NAME
    if not path.is_file():
        return {}
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        return dict(report["all"]["near"]) if report["validated"] else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LidarliveError(f"{path} cannot be read: {error}") from error
