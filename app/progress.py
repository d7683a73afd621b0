"""Progress in the terminal: frames done, frames per second and the time left."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from model.events import E
from model.jobs.client import result_of


def frame_progress(
    silent: bool = False, console: Console | None = None, get_time: Callable[[], float] | None = None
) -> Progress:
    """Return a rich Progress that counts frames on standard error, in a terminal only, and disappears when done."""
    console = console or Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    return Progress(
        *columns, console=console, transient=True, disable=silent or not console.is_terminal, get_time=get_time
    )


class _Rate(ProgressColumn):
    """Frames per second over the last half minute; `-` before the first ones."""

    def render(self, task: Task) -> Text:
        return Text("- frames/s" if task.speed is None else f"{task.speed:.0f} frames/s", style="progress.data.speed")


def run_job(module: str, document: str, kind: type[E]) -> E:
    """Run a job of the model in a child process with a bar on standard error; returns its last event, of `kind`.

    Raises LidarliveError with the job's message.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=1.0)
        return result_of(
            module, document, kind, lambda event: bar.update(task, completed=event.fraction, description=event.stage)
        )
