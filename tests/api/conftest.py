"""Fixtures for tests over HTTP."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.api import running_api


@pytest.fixture
def api(database: str) -> Iterator[str]:
    """Serve the test's database with one worker; the base URL."""
    with running_api(database) as url:
        yield url


@pytest.fixture
def client(api: str) -> Iterator[httpx2.Client]:
    """Return an HTTP client for the API."""
    with httpx2.Client(base_url=api, timeout=15) as opened:
        yield opened
