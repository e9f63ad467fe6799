"""An arena for the tests of the benchmarks: durable, as for the benchmarks themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.arena import Arena, arena


@pytest.fixture(scope="session")
def running(bindir: Path | None) -> Iterator[Arena]:
    """Run a server that waits for the disk."""
    with arena(bindir=bindir) as found:
        yield found
