"""One database for all tests of a module, none of which leaves anything behind: import `database_name`."""

from collections.abc import Iterator

import pytest

from eventlog.embedded import EmbeddedServer
from tests.support.postgres import cloned_database


@pytest.fixture(scope="module")
def database_name(server: EmbeddedServer, template: str) -> Iterator[str]:
    with cloned_database(server, template) as name:
        yield name
