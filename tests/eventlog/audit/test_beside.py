"""The audit views are made anew beside the old ones: nobody waits, and what others have on them stays."""

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.errors import StatementFailed
from projections.drop import drop
from projections.install import clear_up, set_up
from projections.projection import CORE, PROJECTIONS
from projections.rebuilding.rebuild import rebuild
from tests.eventlog.audit.conftest import Asking
from tests.support.deliveries import append_events, event
from tests.support.projecting import project_all
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]

LEFT = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^audit_before_'"


@pytest.fixture
def filled(database: str) -> str:
    append_events(database, [event(), event()])
    project_all(database)
    return database


def test_who_reads_keeps_the_old_views_until_they_are_not_read(filled: str, connection: Connection) -> None:
    with psycopg.connect(filled) as reader:
        assert scalar(reader, "SELECT count(*) FROM audit.events") == 2
        assert rebuild(filled, CORE).attempts == 1
        assert scalar(connection, LEFT) == 1
        clear_up(filled, PROJECTIONS)
        assert scalar(connection, LEFT) == 1
    clear_up(filled, PROJECTIONS)
    assert scalar(connection, LEFT) == 0
    assert scalar(connection, "SELECT count(*) FROM audit.events") == 2


def test_functions_stay_while_a_statement_may_call_them(filled: str, connection: Connection) -> None:
    """No lock says that a statement calls a function: its snapshot does."""
    with psycopg.connect(filled) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1")
        connection.execute("COMMENT ON SCHEMA audit IS NULL")
        set_up(filled)
        clear_up(filled, PROJECTIONS)
        assert scalar(connection, LEFT) == 1
        functions = (
            "SELECT count(*) > 0 FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^audit_before_'"
        )
        assert scalar(connection, functions)
    clear_up(filled, PROJECTIONS)
    assert scalar(connection, LEFT) == 0


def test_rights_of_others_are_given_anew(filled: str, connection: Connection, superuser_dsn: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute('CREATE ROLE "Reads the books"')
        try:
            superuser.execute('GRANT USAGE ON SCHEMA audit TO "Reads the books"')
            superuser.execute('GRANT SELECT ON audit.books TO "Reads the books"')
            superuser.execute('GRANT SELECT (topic) ON audit.events TO "Reads the books"')
            rebuild(filled, CORE)
            superuser.execute('SET ROLE "Reads the books"')
            assert scalar(superuser, "SELECT received FROM audit.books") == 2
            assert scalar(superuser, "SELECT count(topic) FROM audit.events") == 2
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                superuser.execute("SELECT payload FROM audit.events")
        finally:
            superuser.execute("RESET ROLE")
            superuser.execute('DROP OWNED BY "Reads the books"')
            superuser.execute('DROP ROLE "Reads the books"')


def test_views_of_others_follow(filled: str, connection: Connection) -> None:
    connection.execute("CREATE SCHEMA mine")
    connection.execute("CREATE VIEW mine.how_many AS SELECT count(*) AS n FROM audit.events")
    connection.execute("CREATE VIEW audit.of_mine AS SELECT count(*) AS n FROM audit.events")
    rebuild(filled, CORE)
    append_events(filled, [event()])
    project_all(filled)
    assert scalar(connection, LEFT) == 0
    assert scalar(connection, "SELECT n FROM mine.how_many") == 3
    assert scalar(connection, "SELECT n FROM audit.of_mine") == 3


def test_a_dropped_projection_is_told_and_comes_back(
    filled: str, connection: Connection, asking: Asking
) -> None:
    drop(filled, "core")
    assert scalar(connection, LEFT) == 0
    with pytest.raises(StatementFailed, match="projection core is dropped"):
        asking("SELECT * FROM events")
    assert asking("SELECT state FROM projections WHERE projection = 'core'").rows == [["dropped"]]
    rebuild(filled, CORE)
    assert asking("SELECT count(*) FROM events").rows == [["2"]]
