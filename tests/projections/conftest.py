"""A log that is filled once and cloned for each play."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from projections.custom.discovery import Discovered
from projections.install import install_own
from projections.projection import PROJECTIONS
from tests.projections.contracts import CONTRACTS, CORE_CONTRACT, Contract, Delivery, Rows
from tests.support.postgres import at_database, cloned_database
from tests.support.workload import fill_log


@pytest.fixture(scope="session")
def filled(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Return the name of a database with a filled log, of which nothing is projected yet."""
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        own = tuple(contract.projection for contract in CONTRACTS if contract.projection not in PROJECTIONS)
        assert install_own(dsn, Discovered(own, ())).faults == []
        fill_log(dsn, 200)
        rows = CORE_CONTRACT.recount(log_of(dsn))
        assert min(map(len, rows.values())) > 5, "the log has too little of something"
        yield name


@pytest.fixture
def unprojected(server: EmbeddedServer, filled: str) -> Iterator[Callable[[], str]]:
    """Make databases with the same log, of which nothing is projected yet."""
    with ExitStack() as clones:
        yield lambda: at_database(server.dsn, clones.enter_context(cloned_database(server, filled)))


def rows_of(dsn: str, contract: Contract) -> Rows:
    """Return what is projected."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        return {
            name: sorted(connection.execute(query.encode()).fetchall())
            for name, query in contract.queries.items()
        }


def log_of(dsn: str) -> list[Delivery]:
    """Return the whole log, partition by partition."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT partition, position, topic, event_id, raw::text, received_at FROM inbox"
            " ORDER BY partition, position"
        )
        return [Delivery(*row) for row in rows]
