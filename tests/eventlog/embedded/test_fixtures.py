"""The fixtures that every other test stands on."""

import psycopg
from psycopg.rows import TupleRow


def test_a_test_has_a_migrated_database_as_its_owner(connection: psycopg.Connection[TupleRow]) -> None:
    row = connection.execute("SELECT current_user, current_schema(), count(*) FROM partitions").fetchone()
    assert row == ("eventlog", "eventlog", 4)


def test_the_superuser_reaches_the_same_database(
    connection: psycopg.Connection[TupleRow], superuser_dsn: str
) -> None:
    with psycopg.connect(superuser_dsn) as other:
        assert other.info.dbname == connection.info.dbname
        assert other.execute("SHOW is_superuser").fetchone() == ("on",)
