"""Entry point of `lidarlive`. Bad input ends in one line on standard error and exit status 1, never in a traceback."""

from __future__ import annotations

import sys

from app.bench.commands import BENCHES
from app.cli.commands import COMMANDS, DEFAULT_COMMAND
from app.cli.framework.program import NAME, program
from app.log_file import open_log
from capture import paths
from capture.errors import LidarliveError


def main() -> None:
    """Open the log, run the command line and raise SystemExit with its exit status."""
    with open_log(paths.log_path()):
        try:
            program((*COMMANDS, BENCHES), DEFAULT_COMMAND).main(prog_name=NAME)
        except LidarliveError as error:
            print(f"lidarlive: {error}", file=sys.stderr)
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            raise SystemExit(130) from None


if __name__ == "__main__":
    main()
