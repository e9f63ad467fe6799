"""A log with something in it, and servers that it can be moved to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer, find_binaries
from eventlog.events import AcceptedEvent
from tests.support.deliveries import append_events
from tests.support.postgres import FAST, at_database, quick_directory
from tests.support.projecting import project_all
from tests.support.sessions import scalar

LARGE = "a text that is long enough to be compressed " * 200


@pytest.fixture(scope="session")
def bare(bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a server of the tested version that knows neither eventlog's owner nor our roles."""
    with _bare_server(bindir) as running:
        yield running


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[EmbeddedServer]:
    """Run such a server of the newest version, for what is moved there."""
    with _bare_server(None) as running:
        yield running


@contextmanager
def _bare_server(bindir: Path | None) -> Iterator[EmbeddedServer]:
    with quick_directory() as place:
        rules = place / "rules.conf"
        rules.write_text("local all all trust\n")  # as anybody, where only we come in
        options = FAST | {"hba_file": str(rules)}
        with EmbeddedServer(place / "data", bindir=bindir, options=options) as running:
            yield _bared(running)


def _bared(running: EmbeddedServer) -> EmbeddedServer:
    with psycopg.connect(admin(running), autocommit=True) as superuser:
        superuser.execute("DROP DATABASE eventlog")
        superuser.execute("DROP ROLE eventlog")
        superuser.execute("CREATE DATABASE eventlog")  # which `ping` asks for
    return running


def admin(server: EmbeddedServer, database: str = "postgres") -> str:
    """Return the superuser's address of a database."""
    return at_database(server.superuser_dsn, database)


def login(server: EmbeddedServer, role: str, database: str) -> str:
    """Return the address of a role in a database, where it finds the stable views by their names."""
    address = at_database(server.dsn, database).replace("//eventlog@", f"//{role}@")
    return f"{address}&options=-csearch_path%3Deventlog%2Cpublic"


@pytest.fixture(scope="session")
def programs(bindir: Path | None) -> Path:
    """Return PostgreSQL's programs of the version that is tested."""
    return find_binaries(bindir)


@pytest.fixture(scope="session")
def newest() -> Path:
    """Return the newest programs: who dumps an older server for a newer one takes those."""
    return find_binaries()


def fill(dsn: str, *, large: bool = True) -> None:
    """Publish some events, some twice, one large enough to be compressed; project them."""
    raw = (
        '{{"topic": "order.{0}", "event_id": "{1}", "timestamp": "2025-10-21T10:00:00Z", "source": "web",'
        ' "payload": {{"text": "{2}"}}}}'
    )
    made = [(str(n % 5), str(n // 2), LARGE if large and n == 7 else "short") for n in range(40)]
    append_events(
        dsn, [AcceptedEvent(f"order.{t}", i, raw.format(t, i, text).encode()) for t, i, text in made]
    )
    project_all(dsn)


def received(dsn: str) -> object:
    """Return a digest of all that was received, and how much."""
    query = (
        "SELECT (count(*), md5(string_agg(format('%s:%s %s', partition, position, raw), E'\\n'"
        " ORDER BY partition, position)))::text FROM eventlog.inbox"
    )
    with psycopg.connect(dsn) as connection:
        return scalar(connection, query)


@pytest.fixture
def filled(database: str) -> str:
    """Return the owner's address of a log with something in it."""
    fill(database)
    return database
