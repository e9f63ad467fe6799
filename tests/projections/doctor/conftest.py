"""Examinations of a test's database, and a server whose settings are as they should be."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.settings import load_settings
from projections.doctor import Examination, Finding, examine
from projections.install import set_up
from tests.support.postgres import quick_directory

NOBODY_LISTENS = "http://127.0.0.1:9"

Look = Callable[[], dict[str, Finding]]


def by_name(examination: Examination) -> dict[str, Finding]:
    return {finding.name: finding for finding in examination.findings}


@pytest.fixture
def look(database: str) -> Look:
    """Return a function that examines the test's database."""
    settings = load_settings(dsn=database, url=NOBODY_LISTENS)
    return lambda: by_name(examine(settings))


@pytest.fixture(scope="session")
def safe_data_dir(bindir: Path | None) -> Iterator[Path]:
    """Run a migrated embedded server with the settings that it has in production."""
    with quick_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir) as running:
        set_up(running.dsn)
        yield data_dir
