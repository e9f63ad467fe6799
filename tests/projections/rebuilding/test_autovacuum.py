"""Autovacuum may take hours, and holds up no switch: it reads no views."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from projections.projection import CORE
from projections.rebuilding.rebuild import rebuild
from tests.support.deliveries import append_events, event
from tests.support.postgres import FAST, PARTITIONS, quick_directory
from tests.support.sessions import scalar
from tests.support.waiting import until

# So slow that it does not end before the test.
SLOW = {
    "autovacuum_naptime": "1s",
    "autovacuum_vacuum_cost_delay": "100ms",
    "autovacuum_vacuum_cost_limit": "1",
}
# Its session hides what it does from whoever is no superuser, but it has no user.
AT_WORK = """
SELECT count(*)
FROM pg_stat_activity AS a
JOIN pg_locks AS l ON l.pid = a.pid AND l.locktype = 'virtualxid'
WHERE a.datname = current_database() AND a.usesysid IS NULL
"""


@pytest.fixture
def database(bindir: Path | None) -> Iterator[str]:
    with quick_directory() as folder, EmbeddedServer(folder, bindir=bindir, options=FAST | SLOW) as server:
        set_up(server.dsn, PARTITIONS)
        append_events(server.dsn, [event() for _ in range(50)])
        yield server.dsn


def test_a_switch_does_not_wait_for_autovacuum(
    database: str, connection: psycopg.Connection[TupleRow]
) -> None:
    connection.execute(
        "CREATE TABLE large WITH (autovacuum_vacuum_insert_threshold = 1) AS"
        " SELECT generate_series(1, 200000) AS n"
    )
    connection.execute("DELETE FROM large WHERE n % 2 = 0")
    until(lambda: scalar(connection, AT_WORK), deadline_seconds=30, message="autovacuum does not come")
    phases: list[str] = []
    rebuild(database, CORE, watch=lambda progress: phases.append(progress.phase))
    assert not [phase for phase in phases if "snapshot" in phase]
    assert scalar(connection, AT_WORK), "it was over before the switch"
