"""`eventlog migrate --roles`: each login logs in, and tries what must fail and what must work."""

import itertools
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from eventlog.embedded import EmbeddedServer
from tests.eventlog.schema.test_migrate import OLDER
from tests.operating.logins import WORKS, Apart, server_with_passwords, set_apart, without_password
from tests.support.catalog import catalog
from tests.support.command_line import eventlog
from tests.support.postgres import at_database
from tests.support.sessions import scalar

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
# What is the log itself, and says where it begins.
LOG = r"^(inbox(_\d+)?|acts|partitions|schema_migrations|outbox_claim)$"
RIGHTS = """
SELECT r.rolname, n.nspname || '.' || c.relname, v.verb
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN pg_roles AS r
CROSS JOIN unnest(%s::text[]) AS v (verb)
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema)'
  AND r.rolname = ANY (%s)
  AND has_table_privilege(r.oid, c.oid, v.verb)
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'eventlog'::regnamespace AND relkind IN ('r', 'p') AND relname ~ %s
"""
OWNERS = """
SELECT relname, relowner::regrole::text FROM pg_class
WHERE relnamespace = 'eventlog'::regnamespace AND relkind IN ('p', 'v') OR relname = 'keys'
"""
# How many partitions there are, and of which versions the projections, is not compared.
OF_ONE_DATABASE = re.compile(r"'(core|timeline|inbox)_\d")
# As before there were a table, a function, and an operator.
LOST = (
    "REVOKE ALL ON keys, operations, steps FROM eventlog_operator",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA eventlog FROM eventlog_operator",
    "ALTER VIEW events OWNER TO eventlog",
)
MEMBER_OF = "SELECT array_agg(roleid) FROM pg_auth_members WHERE member = %s::regrole"
# By each way that a login has: as itself, and as what it may become.
BECOMES = {
    "api": ("none", "eventlog_appender", "eventlog_projector", "eventlog_reader", "eventlog_operator"),
    "worker": ("none", "eventlog_projector"),
    "auditor": ("none",),
}
CHANGES = (
    "UPDATE eventlog.inbox SET raw = NULL",
    "DELETE FROM eventlog.inbox",
    "TRUNCATE eventlog.inbox",
    "TRUNCATE eventlog.inbox_0",
    "DELETE FROM eventlog.inbox_0",
    "DROP TABLE eventlog.inbox_0",
    "ALTER TABLE eventlog.inbox DISABLE TRIGGER ALL",
    "ALTER TABLE eventlog.inbox_0 DISABLE TRIGGER log_is_append_only",
    "ALTER TABLE eventlog.inbox DETACH PARTITION eventlog.inbox_0",
    "DROP TRIGGER log_is_append_only ON eventlog.inbox",
    "CREATE OR REPLACE FUNCTION eventlog.refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
    "CREATE RULE quietly AS ON INSERT TO eventlog.inbox DO INSTEAD NOTHING",
    "CREATE TRIGGER quietly BEFORE INSERT ON eventlog.inbox EXECUTE FUNCTION eventlog.refuse_change()",
    "ALTER TABLE eventlog.inbox OWNER TO CURRENT_USER",
    "DROP SCHEMA eventlog CASCADE",
    "ALTER SCHEMA eventlog RENAME TO gone",
    "UPDATE eventlog.partitions SET first_position = 9, archived_through = 8",
    "DELETE FROM eventlog.partitions",
    "DELETE FROM eventlog.schema_migrations",
    "DELETE FROM eventlog.acts",
    "INSERT INTO eventlog.acts (act, subject, who, login, detail) VALUES ('a', 'b', 'c', 'd', '{}')",
    "SET session_replication_role = replica",
    "SET ROLE eventlog",
    "SET ROLE postgres",
)
BEYOND = (
    "CREATE TABLE public.anything ()",
    "CREATE SCHEMA anything",
    "SELECT eventlog.make_schema('anything')",
    "SELECT eventlog.make_schema('public')",
    "SELECT count(*) FROM shop.orders",
    "INSERT INTO shop.orders VALUES (1)",
    "CREATE ROLE anybody",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "GRANT pg_read_all_data TO CURRENT_USER",
    "ALTER DATABASE log SET search_path = shop",
    "CREATE EXTENSION hstore",
    "CREATE EVENT TRIGGER anything ON ddl_command_end EXECUTE FUNCTION eventlog.refuse_change()",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/anything'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT lo_create(4711)",
    "SELECT lo_from_bytea(4712, 'x')",
    "CREATE PUBLICATION anything FOR TABLE eventlog.inbox",
)


@pytest.fixture(scope="module")
def passwords(bindir: Path | None) -> Iterator[EmbeddedServer]:
    with server_with_passwords(bindir) as running:
        yield running


@pytest.fixture(scope="module")
def apart(passwords: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """Make the logins of a database in which others have something, too; it is protected."""
    with set_apart(passwords, "log", tmp_path_factory.mktemp("secrets")) as made:
        with psycopg.connect(made.superuser, autocommit=True) as superuser:
            superuser.execute("CREATE SCHEMA shop")
            superuser.execute("CREATE TABLE shop.orders (id integer)")
        assert eventlog("protect", "--yes", EVENTLOG_DSN=made.superuser).returncode == 0
        yield made


def tried(dsn: str, role: str, command: str) -> str | None:
    """Try a command, undo it, and return the SQLSTATE of what kept it from working."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TRANSACTION READ WRITE")
        connection.execute(f"SET ROLE {role}".encode())
        try:
            connection.execute(command.encode())
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            connection.rollback()
    return None


@pytest.mark.parametrize("work", WORKS)
def test_it_logs_in_by_its_password_alone(apart: Apart, work: str) -> None:
    with psycopg.connect(apart.dsn(work)) as connection:
        assert scalar(connection, "SELECT current_user::text") == f"log_{work}"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(without_password(apart.dsn(work)))
    assert stat.S_IMODE((apart.secrets / f"{work}_dsn").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("work", "role"), [(work, role) for work, roles in BECOMES.items() for role in roles]
)
def test_it_changes_nothing_of_the_log_and_reaches_nothing_beyond_it(
    apart: Apart, work: str, role: str
) -> None:
    done = [each for each in CHANGES + BEYOND if tried(apart.dsn(work), role, each) not in ("42501", "0LP01")]
    assert done == []


def test_which_tables_each_may_write_to(apart: Apart) -> None:
    with psycopg.connect(apart.superuser) as superuser:
        names = [f"log_{work}" for work in WORKS]
        rights = set(superuser.execute(RIGHTS, [list(VERBS), names]).fetchall())
    may = {login: {(table, verb) for who, table, verb in rights if who == login} for login in names}
    assert {verb for _, verb in may["log_auditor"]} == {"SELECT"}
    assert {table.split(".")[0] for table, _ in may["log_auditor"]} == {"audit"}
    written = {table for table, verb in may["log_worker"] if verb != "SELECT"}
    schemas = {table.split(".")[0] for table in written}
    assert schemas == {"core_1", "timeline_1", "eventlog"}
    assert {table.removeprefix("eventlog.") for table in written if table.startswith("eventlog.")} == {
        "steps", "quarantine", "failures", "worker_sessions", "retries", "attempts",
    }  # fmt: skip
    assert {verb for table, verb in may["log_api"] if table.startswith("shop.")} == set()


def test_a_table_that_is_new_is_not_forgotten(apart: Apart) -> None:
    with psycopg.connect(apart.owner, autocommit=True) as owner:
        owner.execute("CREATE TABLE eventlog.newcomer (id integer)")
        try:
            assert eventlog("migrate", EVENTLOG_DSN=apart.owner).returncode == 0
            assert tried(apart.dsn("api"), "none", "INSERT INTO eventlog.newcomer VALUES (1)") is None
            for command in ("SELECT FROM eventlog.newcomer", "TRUNCATE eventlog.newcomer"):
                assert tried(apart.dsn("worker"), "none", command) == "42501"
        finally:
            owner.execute("DROP TABLE eventlog.newcomer")


def test_what_is_the_log_itself_is_read_alone(apart: Apart) -> None:
    with psycopg.connect(apart.superuser) as superuser:
        rights = superuser.execute(RIGHTS, [list(VERBS), ["log_api", "log_worker", "eventlog_operator"]])
        written = {(table, verb) for _, table, verb in rights if verb != "SELECT"}
        names = [name for (name,) in superuser.execute(TABLES, [LOG])]
    assert len(names) > 10
    assert {(f"eventlog.{name}", verb) for name, verb in itertools.product(names, VERBS)} & written == set()


def test_asked_for_again_it_changes_nothing(apart: Apart) -> None:
    before = {work: apart.dsn(work) for work in WORKS}
    again = eventlog("migrate", "--roles", "--secrets", apart.secrets, EVENTLOG_DSN=apart.owner)
    assert (again.returncode, again.stdout) == (0, "")
    assert {work: apart.dsn(work) for work in WORKS} == before


def test_a_password_that_was_changed_in_its_file_is_taken(apart: Apart) -> None:
    path = apart.secrets / "worker_dsn"
    path.write_text(path.read_text().replace("password=", "password=other"))
    assert tried_to_log_in(apart.dsn("worker")) is not None
    done = eventlog("migrate", "--roles", "--secrets", apart.secrets, EVENTLOG_DSN=apart.owner)
    assert done.stdout == f"applied password of log_worker, from {path}\n"
    assert tried_to_log_in(apart.dsn("worker")) is None
    assert str(conninfo_to_dict(apart.dsn("worker"))["password"]) not in done.stdout + done.stderr


def tried_to_log_in(dsn: str) -> str | None:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def test_what_somebody_made_in_our_schema_stops_the_owner(apart: Apart) -> None:
    with psycopg.connect(apart.dsn("api"), autocommit=True) as api:
        api.execute("SET ROLE eventlog_operator")
        api.execute(
            "CREATE FUNCTION eventlog.create_partitions(smallint) RETURNS integer LANGUAGE sql AS 'SELECT 1'"
        )
        try:
            said = eventlog("migrate", EVENTLOG_DSN=apart.owner)
            assert said.returncode == 1
            assert "create_partitions(smallint), of eventlog_operator" in said.stderr
        finally:
            api.execute("DROP FUNCTION eventlog.create_partitions(smallint)")


def test_a_login_does_not_migrate(apart: Apart) -> None:
    said = eventlog("migrate", EVENTLOG_DSN=apart.dsn("api"))
    assert said.returncode == 1
    assert "log in as the role that the schema eventlog belongs to" in said.stderr


def test_the_api_of_another_database_is_not_let_in(
    passwords: EmbeddedServer, apart: Apart, tmp_path: Path
) -> None:
    with set_apart(passwords, "second", tmp_path / "made") as second:
        there = at_database(passwords.dsn, "second").replace("//eventlog@", "//log_api@")
        password = conninfo_to_dict(apart.dsn("api"))["password"]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(there, password=password)
        with psycopg.connect(second.dsn("api")) as connection:
            assert scalar(connection, "SELECT count(*) FROM eventlog.inbox") == 0


def test_who_may_not_make_roles_is_told_what_has_to_be_run(
    passwords: EmbeddedServer, apart: Apart, tmp_path: Path
) -> None:
    superuser = at_database(passwords.superuser_dsn, "postgres")
    with psycopg.connect(superuser, autocommit=True) as opened:
        opened.execute("CREATE DATABASE third OWNER plain")
        opened.execute("GRANT eventlog_appender, eventlog_projector, eventlog_reader TO plain")
    dsn = at_database(passwords.dsn, "third").replace("//eventlog@", "//plain@")
    try:
        said = eventlog("migrate", "--roles", EVENTLOG_DSN=dsn)
        assert (said.returncode, len(said.stderr.splitlines())) == (1, 1)
        assert "PASSWORD" not in said.stderr
        with psycopg.connect(superuser, autocommit=True) as opened:
            for statement in filter(None, said.stderr.rpartition("again: ")[2].strip().split(";")):
                opened.execute(statement.encode())
        assert eventlog("migrate", "--roles", EVENTLOG_DSN=dsn).returncode == 0
        # Whoever cannot give a password says so, too.
        unable = eventlog("migrate", "--roles", "--secrets", tmp_path, EVENTLOG_DSN=dsn)
        assert unable.returncode == 1
        assert r"\password third_api" in unable.stderr
    finally:
        with psycopg.connect(superuser, autocommit=True) as opened:
            opened.execute("DROP DATABASE third WITH (FORCE)")
            for work in WORKS:
                opened.execute(f"DROP ROLE third_{work}".encode())


def test_a_role_of_somebody_elses_is_let_be(passwords: EmbeddedServer) -> None:
    superuser = at_database(passwords.superuser_dsn, "postgres")
    with psycopg.connect(superuser, autocommit=True) as opened:
        opened.execute("CREATE DATABASE fourth OWNER eventlog")
        opened.execute("CREATE ROLE fourth_api LOGIN")
    try:
        said = eventlog("migrate", "--roles", EVENTLOG_DSN=at_database(passwords.dsn, "fourth"))
        assert said.returncode == 1
        assert "TO fourth_api" in said.stderr
        with psycopg.connect(superuser) as opened:
            assert scalar(opened, MEMBER_OF, "fourth_api") is None
    finally:
        with psycopg.connect(superuser, autocommit=True) as opened:
            opened.execute("DROP DATABASE fourth WITH (FORCE)")
            opened.execute("DROP ROLE fourth_api")


def test_an_upgraded_log_has_the_rights_of_a_new_one(passwords: EmbeddedServer, tmp_path: Path) -> None:
    with set_apart(passwords, "fresh", tmp_path / "fresh") as fresh:
        new = rights_in(fresh)
        with psycopg.connect(fresh.owner, autocommit=True) as owner:
            for lost in LOST:
                owner.execute(lost.encode())
        assert rights_in(fresh) != new
        assert eventlog("migrate", EVENTLOG_DSN=fresh.owner).returncode == 0
        assert rights_in(fresh) == new
    with set_apart(passwords, "older", tmp_path / "older", restored=OLDER[0]) as older:
        assert {line.replace("older_", "fresh_") for line in rights_in(older)} == new


def rights_in(made: Apart) -> set[str]:
    """Return who may do what with our tables, columns and functions, and whose they are."""
    with psycopg.connect(made.owner) as owner:
        owners = {f"owner of {name}: {role}" for name, role in owner.execute(OWNERS).fetchall()}
    ours = {line for line in catalog(made.owner) if line.startswith("right")}
    return owners | {line for line in ours if not OF_ONE_DATABASE.search(line)}
