"""What a restore can lack is found by the doctor, with what mends it."""

import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from eventlog.settings import load_settings
from projections.doctor import examine
from projections.install import set_up
from tests.projections.doctor.conftest import NOBODY_LISTENS, Look, by_name

Connection = psycopg.Connection[TupleRow]


def test_a_missing_partition_is_found(look: Look, connection: Connection) -> None:
    connection.execute("DROP TABLE inbox_3")
    finding = look()["schema"]
    assert (finding.status, "the tables inbox_3 of 4" in finding.found) == ("failed", True)
    assert finding.mend.startswith("restore it from a backup into an empty database")


# What a restore left out of a version's schema or beside it, and how it is told.
LEFT_OUT = {
    "REVOKE SELECT ON core_1.events FROM eventlog_reader": "no rights on core_1",
    "REVOKE DELETE ON timeline_1.minutes FROM eventlog_projector": "no rights on timeline_1",
    "REVOKE USAGE ON SCHEMA core_1, timeline_1 FROM eventlog_projector": (
        "no rights on core_1; no rights on timeline_1"
    ),
    "DELETE FROM claims WHERE projection = 'core' AND partition = 2": (
        "partitions of core that no worker can claim"
    ),
}


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_what_workers_cannot_use_is_found_and_migrate_mends_it(
    left_out: str, look: Look, connection: Connection, database: str
) -> None:
    connection.execute(left_out.encode())
    finding = look()["projection tables"]
    assert (finding.status, finding.found) == ("failed", LEFT_OUT[left_out])
    assert finding.mend == "run `eventlog migrate`"
    set_up(database)
    assert look()["projection tables"].status == "ok"


def test_a_projection_whose_schema_is_gone_is_found(look: Look, connection: Connection) -> None:
    connection.execute("DROP SCHEMA timeline_1 CASCADE")
    finding = look()["projection tables"]
    assert (finding.found, finding.mend) == ("there are none of: timeline", "`eventlog rebuild timeline`")


def test_a_login_that_cannot_take_our_roles_on_is_found(
    look: Look, superuser_dsn: str, database_name: str, database: str
) -> None:
    """As after a restore of 15's memberships into a newer server."""
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE newcomer LOGIN PASSWORD 'of-a-test'")
        database_of = SQL("GRANT CONNECT, CREATE ON DATABASE {} TO newcomer").format(
            Identifier(database_name)
        )
        superuser.execute(database_of)
        superuser.execute("GRANT USAGE ON SCHEMA eventlog TO newcomer")
        superuser.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA eventlog, pg_catalog TO newcomer")
        superuser.execute("GRANT SELECT ON ALL TABLES IN SCHEMA eventlog TO newcomer")
        try:
            dsn = database.replace("//eventlog@", "//newcomer:of-a-test@")
            finding = by_name(examine(load_settings(dsn=dsn, url=NOBODY_LISTENS)))["roles"]
        finally:
            superuser.execute("DROP OWNED BY newcomer")
            superuser.execute("DROP ROLE newcomer")
    assert finding.status == "failed"
    assert finding.found == (
        "not to be taken on by our login: eventlog_appender, eventlog_projector, eventlog_reader"
    )
    assert "GRANT eventlog_appender, eventlog_projector, eventlog_reader TO newcomer" in finding.mend
