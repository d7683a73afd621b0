"""Entry point of `lidarlive`. Bad input ends in one line on standard error and exit status 1, never in a traceback."""

from __future__ import annotations

import sys

from app.cli.commands import app
from capture.frame import CaptureError


def main() -> None:
    """Run the command line; raises SystemExit with its exit status."""
    try:
        app(prog_name="lidarlive")
    except CaptureError as error:
        print(f"lidarlive: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
