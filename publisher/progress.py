"""Show how far a long task is: a bar with rate and ETA on a terminal, a line every few seconds elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_INTERVAL_SECONDS = 5.0
BAR_INTERVAL_SECONDS = 0.1


class RateColumn(ProgressColumn):
    """Events per second (or bytes, for files), as rich measured it over the last moments."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text("")
        return Text(f"{amount(speed, self._unit)}/s")


class Meter:
    """Progress of one task on standard error; call `show` as often as you like, it thins itself out."""

    def __init__(self, what: str, total: int | None, unit: str = "events", quiet: bool = False) -> None:
        self._what = what
        self._total = total
        self._unit = unit
        self._console = Console(stderr=True, quiet=quiet)
        self._started = self._shown = time.monotonic()
        self._bar: Progress | None = None
        self._task = None if not self._console.is_terminal else self._start_bar()

    def __enter__(self) -> "Meter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def console(self) -> Console:
        """Where to say something while the bar stands: lines come out above it."""
        return self._console

    def show(self, done: int, total: int | None = None, note: str = "") -> None:
        """Note that `done` of `total` is done; draws or prints only when it is time to."""
        if total is not None:
            self._total = total
        now = time.monotonic()
        finished = self._total is not None and done >= self._total
        interval = LINE_INTERVAL_SECONDS if self._bar is None else BAR_INTERVAL_SECONDS
        if now - self._shown < interval and not (finished and self._bar is not None):
            return
        self._shown = now
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=self._total, note=note)
        else:
            self._console.print(self._line(done, now, note), highlight=False, soft_wrap=True)

    def _line(self, done: int, now: float, note: str) -> str:
        rate = done / max(now - self._started, 1e-9)
        text = f"{self._what}: {amount(done, self._unit)}"
        if self._total:
            counted = text.removesuffix(f" {self._unit}")
            text = f"{counted} of {amount(self._total, self._unit)} ({done / self._total:.0%})"
        text += f", {amount(rate, self._unit)}/s"
        if self._total and rate > 0 and done < self._total:
            text += f", {(self._total - done) / rate:.0f} s left"
        return f"{text}{', ' + note if note else ''}"

    def _start_bar(self) -> TaskID:
        count: ProgressColumn = DownloadColumn() if self._unit == "bytes" else MofNCompleteColumn()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            count,
            RateColumn(self._unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            transient=True,
        )
        self._bar.start()
        return self._bar.add_task(self._what, total=self._total, note="")


def amount(number: float, unit: str) -> str:
    """Write a number for people: `1.2 MB` for bytes, `20,000 events` otherwise."""
    if unit != "bytes":
        return f"{number:,.0f} {unit}"
    if number < 1000:
        return f"{number:.0f} B"
    for prefix in ("kB", "MB", "GB"):
        number /= 1000
        if number < 1000:
            return f"{number:.1f} {prefix}"
    return f"{number / 1000:.1f} TB"
