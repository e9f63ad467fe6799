"""Which process of `pytest -n` runs which tests, in which order, and how long each file took.

A file stays in one process, so that what it makes for all of its tests is made once; some folders do so
as well. The files that take longest begin first, by what they took when tests/durations.txt was written:
otherwise the last of them runs alone, while the other processes have nothing left to do.
"""

from collections import Counter
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

DURATIONS = Path(__file__).parents[1] / "durations.txt"
SHOWN = 25
# Of a file that is not in the list.
UNKNOWN_SECONDS = 3.0

# Folders that have a service, a browser or servers for all of their files.
TOGETHER = (
    "tests/api/console/",
    "tests/api/proxies/",
    "tests/benchmarks/",
    "tests/operating/",
    "tests/projections/doctor/",
)


class ByUnit(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out units whole, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Return what a test stays together with: its folder or its file."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def slowest_first(items: list[pytest.Item]) -> None:
    """Order the tests by their unit's seconds, each unit as it was."""
    seconds: Counter[str] = Counter()
    for file, each in _recorded().items():
        seconds[unit_of(file)] += each  # type: ignore[assignment]
    items.sort(key=lambda item: -seconds.get(unit_of(item.nodeid), UNKNOWN_SECONDS))


def _recorded() -> dict[str, float]:
    rows = (line.split() for line in DURATIONS.read_text(encoding="utf-8").splitlines())
    return {file: float(seconds) for seconds, file in rows}


class FileDurations:
    """A plugin that adds up what each file took, and shows the slowest."""

    def __init__(self, record: bool) -> None:
        self._seconds: Counter[str] = Counter()
        self._record = record

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a part of a test."""
        self._seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show them, and write them down where that is wanted."""
        terminalreporter.section(f"slowest files, of {self._seconds.total():.0f} s in all")
        for file, seconds in self._seconds.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
        if self._record:
            lines = [f"{seconds:7.1f} {file}\n" for file, seconds in self._seconds.most_common()]
            DURATIONS.write_text("".join(lines), encoding="utf-8")
