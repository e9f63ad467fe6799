"""A log that is filled and projected, of which each test has its own."""

from collections.abc import Iterator

import pytest

from eventlog.embedded import EmbeddedServer
from tests.support.postgres import at_database, cloned_database
from tests.support.projecting import project_all
from tests.support.workload import fill_log


@pytest.fixture(scope="session")
def projected(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Return the name of a database whose log has been projected."""
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        fill_log(dsn, 200)
        project_all(dsn, 2, batch_size=37)
        yield name


@pytest.fixture
def database_name(server: EmbeddedServer, projected: str) -> Iterator[str]:
    """Clone that database instead of an empty one."""
    with cloned_database(server, projected) as name:
        yield name
