"""Entry point of `lidarlive`. Bad input ends in one line on standard error and exit status 1, never in a traceback."""

from __future__ import annotations

import sys

from app.bench.commands import bench_app
from app.cli.commands import app
from capture.errors import LidarliveError

app.add_typer(bench_app, name="bench")


def main() -> None:
    """Run the command line; raises SystemExit with its exit status."""
    try:
        app(prog_name="lidarlive")
    except LidarliveError as error:
        print(f"lidarlive: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
