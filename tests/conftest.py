"""Fixtures for every test: one PostgreSQL a session, one database a test.

pytest --postgres 18        the wheel's PostgreSQL (default)
pytest --postgres 15        Debian's
pytest --postgres /a/bindir  any other
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from tests.support.any_server import mark_any_server
from tests.support.api import running_api
from tests.support.distribution import ByUnit, FileDurations, slowest_first
from tests.support.postgres import (
    FAST,
    at_database,
    cloned_database,
    create_migrated_template,
    quick_directory,
)

# A shell that starts us in its background has us ignore SIGINT, and our children with us.
signal.signal(signal.SIGINT, signal.default_int_handler)

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        default="18",
        help="18 (the wheel's), 15 (Debian's), or a folder with PostgreSQL's programs",
    )
    parser.addoption(
        "--record-durations", action="store_true", help="write tests/durations.txt anew, from this run"
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FileDurations(config.getoption("--record-durations")))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_any_server(items)
    if hasattr(config, "workerinput"):
        slowest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByUnit:
    return ByUnit(config, log)


@pytest.fixture(scope="session")
def bindir(request: pytest.FixtureRequest) -> Path | None:
    """Return the folder with the programs to test with; None takes what `find_binaries` finds."""
    chosen = str(request.config.getoption("--postgres"))
    if chosen == "18":
        return None
    if chosen == "15" and not DEBIAN_15.exists():
        pytest.skip(f"PostgreSQL 15 is not installed in {DEBIAN_15}")
    return DEBIAN_15 if chosen == "15" else Path(chosen)


@pytest.fixture(scope="session")
def server(bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a PostgreSQL for this session (of each xdist worker). Its fsync is off."""
    with quick_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=FAST) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """Return the name of a migrated database with four partitions, to be cloned."""
    return create_migrated_template(server)


@pytest.fixture
def database_name(server: EmbeddedServer, template: str) -> Iterator[str]:
    with cloned_database(server, template) as name:
        yield name


@pytest.fixture
def database(server: EmbeddedServer, database_name: str) -> str:
    """Return the owner's address of a fresh, migrated database."""
    return at_database(server.dsn, database_name)


@pytest.fixture
def superuser_dsn(server: EmbeddedServer, database_name: str) -> str:
    """Return the superuser's address of the same database."""
    return at_database(server.superuser_dsn, database_name)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """Connect to the database as its owner, in autocommit."""
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


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
