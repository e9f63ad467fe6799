"""A server that asks for passwords, and a database with logins for API, workers and auditor."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from eventlog.embedded import EmbeddedServer
from tests.support.command_line import eventlog
from tests.support.postgres import FAST, at_database, quick_directory

# The owner and the superuser come in by the socket alone; whoever else has to show a password.
RULES = "local all postgres,eventlog,plain,manager trust\nlocal all all scram-sha-256\n"
WORKS = ("api", "worker", "auditor")


class Apart(NamedTuple):
    """A database with logins, by what they are for."""

    owner: str
    superuser: str
    secrets: Path

    def dsn(self, work: str) -> str:
        """Return the DSN that a service of this kind is given."""
        return (self.secrets / f"{work}_dsn").read_text(encoding="utf-8").strip()


@contextmanager
def server_with_passwords(bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a server with an owner that may make roles, and one that may not."""
    with quick_directory() as place:
        (place / "rules.conf").write_text(RULES)
        options = FAST | {"hba_file": str(place / "rules.conf")}
        with EmbeddedServer(place / "data", bindir=bindir, options=options) as running:
            with psycopg.connect(at_database(running.superuser_dsn, "postgres"), autocommit=True) as opened:
                opened.execute("CREATE ROLE plain LOGIN")
            yield running


@contextmanager
def set_apart(
    server: EmbeddedServer, name: str, secrets: Path, restored: Path | None = None
) -> Iterator[Apart]:
    """Make a database, with its logins, as a stranger does: by the command."""
    superuser = at_database(server.superuser_dsn, "postgres")
    with psycopg.connect(superuser, autocommit=True) as opened:
        opened.execute(f"CREATE DATABASE {name} OWNER eventlog".encode())
        opened.execute(f"ALTER DATABASE {name} SET search_path = eventlog, public".encode())
    made = Apart(at_database(server.dsn, name), at_database(server.superuser_dsn, name), secrets)
    try:
        if restored is not None:
            with psycopg.connect(made.owner, autocommit=True) as owner:
                owner.execute(restored.read_bytes())
        done = eventlog("migrate", "--roles", "--secrets", secrets, EVENTLOG_DSN=made.owner)
        assert done.returncode == 0, done.stderr
        yield made
    finally:
        with psycopg.connect(superuser, autocommit=True) as opened:
            opened.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            for work in WORKS:
                opened.execute(f"DROP ROLE IF EXISTS {name}_{work}".encode())


def without_password(dsn: str) -> str:
    """Return a DSN that shows none."""
    given = conninfo_to_dict(dsn)
    given.pop("password")
    return make_conninfo(**given)  # type: ignore[arg-type]
