"""A stack of real processes over a test's own database, and the check that ends every fault test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.checker import violations
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return where the clients of this test write down what they were told."""
    return tmp_path / "journal.jsonl"


@pytest.fixture(scope="session")
def spawner() -> Iterator[Spawner]:
    opened = Spawner()
    yield opened
    opened.close()


@pytest.fixture
def stack(spawner: Spawner, database: str, tmp_path: Path) -> Iterator[Stack]:
    with Stack(spawner, database, tmp_path) as opened:
        yield opened


@pytest.fixture
def sound(stack: Stack, journal: Path, database: str) -> Callable[[], None]:
    """Drain, then hold everything against the journal."""

    def check() -> None:
        stack.drain()
        found = violations([journal], database)
        assert found == [], "\n".join(found)

    return check
