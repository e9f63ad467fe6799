"""`eventlog protect` and `--undo`: what is taken from everybody is given back, and nothing else."""

import subprocess
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from eventlog.audit.protection import protect, reaching, unprotect
from eventlog.embedded import EmbeddedServer, find_binaries
from tests.support.command_line import eventlog
from tests.support.postgres import at_database

Connection = psycopg.Connection[TupleRow]

RIGHTS = """
SELECT f.oid::regprocedure::text, a.grantee, a.privilege_type, a.is_grantable
FROM pg_proc AS f CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
WHERE f.pronamespace = 'pg_catalog'::regnamespace
"""


def rights(dsn: str) -> set[TupleRow]:
    with psycopg.connect(dsn) as connection:
        return set(connection.execute(RIGHTS).fetchall())


def test_undone_every_function_is_as_in_a_new_database(server: EmbeddedServer, superuser_dsn: str) -> None:
    protected = rights(superuser_dsn)
    fresh = rights(at_database(server.superuser_dsn, "postgres"))
    assert protected != fresh
    assert unprotect(superuser_dsn) > 100
    assert rights(superuser_dsn) == fresh
    assert unprotect(superuser_dsn) == 0
    assert protect(superuser_dsn) > 100
    assert rights(superuser_dsn) == protected


def test_a_dump_says_nothing_of_functions_that_a_newer_version_may_lack(
    superuser_dsn: str, bindir: Path | None
) -> None:
    def said() -> list[str]:
        program = str(find_binaries(bindir) / "pg_dump")
        command = [program, "--schema-only", "--dbname", superuser_dsn]
        dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [
            line
            for line in dump.splitlines()
            if line.startswith(("GRANT", "REVOKE")) and "pg_catalog" in line
        ]

    assert len(said()) > 100
    unprotect(superuser_dsn)
    assert said() == []


def test_what_somebody_else_took_from_everybody_stays_taken(superuser_dsn: str) -> None:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("REVOKE EXECUTE ON FUNCTION pg_stat_file(text, boolean) FROM PUBLIC")
        superuser.execute("REVOKE EXECUTE ON FUNCTION version() FROM PUBLIC")
        unprotect(superuser_dsn)
        held = "SELECT has_function_privilege('public', %s, 'EXECUTE')"
        for function in ("version()", "pg_stat_file(text, boolean)", "pg_read_file(text)"):
            assert superuser.execute(held, [function]).fetchone() == (False,)
        assert superuser.execute(held, ["pg_sleep(double precision)"]).fetchone() == (True,)


def test_who_is_no_superuser_is_told_so(database: str) -> None:
    for flags in ([], ["--undo"]):
        said = eventlog("protect", *flags, EVENTLOG_DSN=database)
        assert (said.returncode, said.stdout) == (1, "")
        assert "eventlog is no superuser" in said.stderr
        assert len(said.stderr.splitlines()) == 1


def test_the_command_takes_and_gives_back_and_says_how_many(superuser_dsn: str) -> None:
    undone = eventlog("protect", "--undo", EVENTLOG_DSN=superuser_dsn)
    number = int(undone.stderr.partition(" ")[0])
    assert (undone.returncode, number > 100) == (0, True)
    done = eventlog("protect", EVENTLOG_DSN=superuser_dsn)
    assert (done.returncode, done.stderr.startswith(f"took {number} functions")) == (0, True)


def test_where_others_live_it_asks(superuser_dsn: str) -> None:
    unprotect(superuser_dsn)
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        superuser.execute("CREATE TABLE public.orders (id integer)")
        refused = eventlog("protect", EVENTLOG_DSN=superuser_dsn, answer="n\n")
        assert (refused.returncode, "Others have tables" in refused.stderr) == (1, True)
        assert reaching(superuser, "public")
        assert eventlog("protect", "--yes", EVENTLOG_DSN=superuser_dsn).returncode == 0
        assert reaching(superuser, "public") == []


def test_without_an_embedded_database_none_is_made(tmp_path: Path) -> None:
    said = eventlog("protect", EVENTLOG_DATA_DIR=str(tmp_path / "none"))
    assert (said.returncode, "there is no event log" in said.stderr) == (4, True)
    assert not (tmp_path / "none").exists()
