"""The weights versions on this computer: list them, and choose the one in use. No Keras here.

$LIDARLIVE_HOME (default ~/lidarlive)/weights/
    active.json        {"active": "<version>", "before": ["<version>", ...]}
    <version>/         gradient.keras finetune.keras pair.xml pair.bin config.json report.json card.md
weights/starter/       in the package, read-only
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from capture.errors import LidarliveError
from capture.paths import weights_folder
from capture.storage.durable import remove_leftovers, replace_file
from capture.storage.locks import locked
from capture.storage.names import recording_name
from model.config import CONFIG_NAME, OPENVINO_NAMES

STARTER = "starter"
ACTIVE_NAME = "active.json"
MOST_REMEMBERED = 20  # steps that `rollback` can undo
LOCK_S = 10.0  # another window replaces the file, on a slow disk


def starter() -> Path | None:
    """The version that ships with the program, if this copy has one."""
    folder = Path(str(resources.files("weights"))) / STARTER
    return folder if _is_version(folder) else None


def versions() -> list[Path]:
    """Folders of all versions, the starter first, then by time, with which their names begin."""
    own = weights_folder()
    trained = [child for child in sorted(own.glob("*")) if _is_version(child) and not child.name.startswith(".")]
    first = starter()
    return [first, *trained] if first else trained


def find(version: str | Path) -> Path:
    """The folder of a version given by name or by path. Raises LidarliveError where there is none."""
    by_name = {folder.name: folder for folder in versions()}
    if str(version) in by_name:
        return by_name[str(version)]
    if _is_version(Path(version)):
        return Path(version)
    known = ", ".join(by_name) or "none yet; make one with `lidarlive train`"
    raise LidarliveError(f"There is no weights version {version}. Versions: {known}")


def active() -> Path | None:
    """The version in use: the one chosen with `use`, else the starter, else None.

    Raises LidarliveError where the chosen one is gone or `active.json` cannot be read.
    """
    chosen, _ = _read_active()
    return starter() if chosen is None else find(chosen)


def named_or_active(version: str | None) -> Path:
    """The folder of a version given by name or by path, of the one in use where it is None.

    Raises LidarliveError where there is none.
    """
    folder = find(version) if version is not None else active()
    if folder is None:
        raise LidarliveError("there are no weights yet: train some with `lidarlive train`")
    return folder


def use(version: str | Path) -> Path:
    """Put a version of `versions()` in use from now on. Raises LidarliveError where there is none of that name."""
    folder = find(version)
    if folder.resolve() not in [known.resolve() for known in versions()]:
        raise LidarliveError(f"{folder} is not in {weights_folder()}; only versions there can be put in use")
    with _changing():
        chosen, before = _read_active()
        if folder.name != (chosen or STARTER):
            _write_active(folder.name, [*before, chosen or STARTER][-MOST_REMEMBERED:])
    return folder


def rollback() -> Path:
    """Return to the version that was in use before. Raises LidarliveError where there is none."""
    with _changing():
        _, before = _read_active()
        names = {folder.name for folder in versions()}
        left = [name for name in before if name in names]
        if not left:
            raise LidarliveError("There is no earlier version to return to")
        _write_active(left[-1], left[:-1])
    return find(left[-1])


def new_version_folder(name: str = "") -> Path:
    """Path of a folder for a new version, <UTC time>[_<name>], which does not exist yet and is not created."""
    stem = f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}" + (f"_{recording_name(name)}" if name else "")
    folder, number = weights_folder() / stem, 2
    while folder.exists():
        folder, number = weights_folder() / f"{stem}-{number}", number + 1
    return folder


def _is_version(folder: Path) -> bool:
    return all((folder / name).is_file() for name in (CONFIG_NAME, *OPENVINO_NAMES))


def _read_active() -> tuple[str | None, list[str]]:
    path = weights_folder() / ACTIVE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return str(document["active"]), [str(name) for name in document["before"]]
    except FileNotFoundError:
        return None, []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LidarliveError(f"{path} cannot be read ({error}). Delete it to return to the starter") from None


@contextmanager
def _changing() -> Iterator[None]:
    """Hold the lock of `active.json`: another window waits, so that it reads what this one writes."""
    path = weights_folder() / ACTIVE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{ACTIVE_NAME}.lock"), LOCK_S):
            yield
    except TimeoutError:
        raise LidarliveError(f"{path} is being changed by another program. Try again") from None
    except OSError as error:
        raise LidarliveError(f"{path} cannot be written ({error.strerror}); the weights in use are unchanged") from None


def _write_active(name: str, before: list[str]) -> None:
    """Raises OSError."""
    path = weights_folder() / ACTIVE_NAME
    replace_file(path, json.dumps({"active": name, "before": before}).encode() + b"\n")
    remove_leftovers(path)
