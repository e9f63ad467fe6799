"""A rebuild ends with the same rows, however it is done, and the version before is gone."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.projection import CORE
from projections.rebuild import Options, rebuild
from projections.verify import verify
from tests.support.contents import content_of_live
from tests.support.projecting import project_all
from tests.support.sessions import scalar
from tests.support.workload import fill_log

Connection = psycopg.Connection[TupleRow]


@pytest.mark.parametrize("count", [1, 4, 8])
def test_a_rebuild_by_any_number_of_workers_ends_with_the_same_content(
    database: str, connection: Connection, count: int
) -> None:
    fill_log(database)
    project_all(database, 2)
    before = content_of_live(database, CORE)
    outcome = rebuild(database, CORE, Options(workers=count))
    assert outcome.version == 2
    assert content_of_live(database, CORE) == before
    assert verify(database, CORE).differing == []
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'core'") == 2
    assert scalar(connection, "SELECT to_regnamespace('core_1')") is None
    assert scalar(connection, "SELECT count(*) FROM steps WHERE projection = 'core' AND version = 1") == 0
