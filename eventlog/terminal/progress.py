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
    """Units a second, as rich measured it over the last moments."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{bare(speed, self._unit)}/s", no_wrap=True)


class Meter:
    """Progress of one task on standard error; call `show` as often as you like, it thins itself out."""

    def __init__(self, what: str, total: int | None, unit: str, quiet: bool = False) -> None:
        self._what = what
        self._total = total
        self._unit = unit
        self._console = Console(stderr=True, quiet=quiet)
        self._phase = ""
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

    def show(self, done: int, total: int | None = None, phase: str = "") -> None:
        """Note that `done` of `total` is done; draws or prints when it is time to, or the phase is new."""
        if total is not None:
            self._total = total or None
        now = time.monotonic()
        if not self._is_time(now, done) and phase == self._phase:
            return
        self._shown, self._phase = now, phase
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=self._total, phase=phase)
        else:
            self._console.print(self._line(done, now), highlight=False, markup=False, soft_wrap=True)

    def _is_time(self, now: float, done: int) -> bool:
        if self._bar is None:
            return now - self._shown >= LINE_INTERVAL_SECONDS
        finished = self._total is not None and done >= self._total
        return finished or now - self._shown >= BAR_INTERVAL_SECONDS

    def _line(self, done: int, now: float) -> str:
        parts = [self._phase] if self._phase else []
        if self._total:
            total = amount(self._total, self._unit)
            parts.append(f"{bare(done, self._unit)} of {total} ({done / self._total:.0%})")
        elif done:
            parts.append(amount(done, self._unit))
        rate = done / max(now - self._started, 1e-9)
        if done:
            parts.append(f"{amount(rate, self._unit)}/s")
        if self._total and 0 < done < self._total:
            parts.append(f"{(self._total - done) / rate:.0f} s left")
        return f"{self._what}: {', '.join(parts)}"

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
            TextColumn("{task.fields[phase]}"),
            console=self._console,
            transient=True,
        )
        self._bar.start()
        return self._bar.add_task(self._what, total=self._total, phase="")


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


def bare(number: float, unit: str) -> str:
    """Write a number as amount() does, without the name of what is counted."""
    return amount(number, unit).removesuffix(f" {unit}")
