"""Show how far an operation is: a bar with rate and ETA on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from projections.operations import Progress

LINE_INTERVAL_SECONDS = 5.0


class RateColumn(ProgressColumn):
    """Deliveries a second, as rich measured it over the last moments."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def shown_progress(what: str) -> Iterator[Callable[[Progress], None]]:
    """Yield what to call with each progress of an operation."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task(what, total=None, phase="")
            yield lambda progress: bar.update(
                task, completed=progress.done, total=progress.total or None, phase=progress.phase
            )
    else:
        yield _Lines(what, console).show


def _bar(console: Console) -> Bar:
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[phase]}"),
        console=console,
        transient=True,
    )


class _Lines:
    """A line every few seconds, and one when the phase changes."""

    def __init__(self, what: str, console: Console) -> None:
        self._what = what
        self._console = console
        self._phase = ""
        self._began = self._said = time.monotonic()

    def show(self, progress: Progress) -> None:
        """Print a line when it is time to."""
        now = time.monotonic()
        if progress.phase == self._phase and now - self._said < LINE_INTERVAL_SECONDS:
            return
        self._phase, self._said = progress.phase, now
        text = f"{self._what}: {progress.phase}"
        if progress.total:
            rate = progress.done / max(now - self._began, 1e-9)
            text += f", {progress.done:,} of {progress.total:,} deliveries, {rate:,.0f}/s"
            if rate > 0 and progress.done < progress.total:
                text += f", {(progress.total - progress.done) / rate:.0f} s left"
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
