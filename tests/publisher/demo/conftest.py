"""A folder for a demo to make its own in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import quick_directory


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_directory("eventlog-test-demo-") as path:
        yield path
