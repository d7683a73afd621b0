"""`python -m model.reproduce`: an hour at most, then docs/reproduction.md with table and plots.

The figures are stored in results.json beside the plots after each trial; an interrupted run continues from them.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from capture.errors import LidarliveError
from model.jobs.worker import prepare_tensorflow
from model.reproduce.images import Images, choose, demo_rooms
from model.reproduce.results import Plan, Results

OUT = Path("docs/reproduction.md")
RESULTS_NAME = "results.json"
SIZE = (96, 128)  # (width, height)
QUICK_SIZE, QUICK_IMAGES, QUICK_EPOCHS = (24, 32), 12, 2  # checks that the command works: its figures mean nothing


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with one line on standard error."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.quick and asked.out == OUT:
        parser.error(f"--quick measures nothing: give it an --out other than {OUT}")
    prepare_tensorflow()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # else it warns that each network is traced again
    try:
        if asked.render:
            render(asked.out)
        else:
            reproduce(asked.out, asked.data or [demo_rooms()], asked.epochs, asked.quick)
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed. Install what developers need: pip install -e '.[dev]'", file=sys.stderr)
        return 1
    except LidarliveError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{asked.out} cannot be written ({error.strerror})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The same command continues", file=sys.stderr)
        return 1
    _say(f"{asked.out} is written")
    return 0


def reproduce(out: Path, data: Sequence[str | Path], epochs: int | None = None, quick: bool = False) -> Results:
    """Try every claim on the recordings at `data`; write the document `out`, and its plots and figures beside it.

    `epochs`: None for as many as fit into an hour. Raises LidarliveError where the data is invalid, an unfinished
    reproduction with another plan is there, or the results cannot be written; OSError where the document cannot be.
    """
    images = choose(data, QUICK_IMAGES) if quick else choose(data)
    # Imported here: TensorFlow takes seconds to import, and invalid input is reported before.
    from model.reproduce import document, trials

    results = _begin(out.with_suffix("") / RESULTS_NAME, images, epochs, quick)
    lab = trials.Lab(images, results.plan, _say)
    for name, trial in trials.TRIALS.items():
        if name not in results.trials:
            _say(f"{name} ...")
            results.add(name, trial(lab))
    results.finish()
    document.write(results, out)
    return results


def render(out: Path) -> None:
    """Write the document again from its finished results. Raises LidarliveError where there are none, OSError."""
    from model.reproduce import document

    results = Results.read(out.with_suffix("") / RESULTS_NAME)
    if results is None or not results.finished:
        raise LidarliveError(f"There is no finished reproduction for {out}. Leave out --render")
    document.write(results, out)


def _begin(path: Path, images: Images, epochs: int | None, quick: bool) -> Results:
    """The unfinished results at `path` where they are of the same plan, else new ones."""
    from model.reproduce import pace

    size = QUICK_SIZE if quick else SIZE
    epochs = QUICK_EPOCHS if quick else epochs
    known = Results.read(path)
    if known is not None and not known.finished:
        same = (known.plan.size, known.plan.images, known.plan.fingerprint) == (size, images.counts, images.fingerprint)
        if not same or epochs not in (None, known.plan.epochs):
            raise LidarliveError(
                f"{path} is an unfinished reproduction of other data or settings. Delete it to start again"
            )
        _say(f"Continuing {path}: {len(known.trials)} trials are done")
        return known
    image_s = pace.seconds_per_image(size)
    epochs = epochs or pace.epochs_within_the_hour(len(images.train), image_s)
    minutes = pace.training_seconds(epochs, len(images.train), image_s) / 60
    _say(
        f"{epochs} epochs of {len(images.train)} images at {size[0]}x{size[1]}, about {minutes:.0f} minutes of training"
    )
    plan = Plan(
        size,
        images.counts,
        epochs,
        pace.short_of(epochs),
        images.local,
        images.elsewhere,
        images.notes,
        images.fingerprint,
        round(image_s, 3),
    )
    return Results(path, plan)


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model.reproduce", description="Try the published claims again.")
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="FOLDER",
        help="recordings to train and test on, the longest is trained on (default: three demo rooms)",
    )
    parser.add_argument("--out", type=Path, default=OUT, help="the document (default: %(default)s)")
    parser.add_argument(
        "--epochs", type=int, choices=range(1, 31), metavar="1..30", help="default: as many as fit into an hour"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--quick", action="store_true", help="a few images and epochs, to see that the command works")
    only.add_argument("--render", action="store_true", help="only write the document again, from what was measured")
    return parser


if __name__ == "__main__":
    sys.exit(main())
