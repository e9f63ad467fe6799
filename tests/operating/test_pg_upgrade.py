"""A protected database of one's own goes through pg_upgrade by the commands of docs/operating.md."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from eventlog.audit.protection import protect
from eventlog.embedded import EmbeddedServer
from eventlog.embedded.account import Account, account_for
from eventlog.embedded.backup import knows_server
from projections.install import set_up
from tests.operating.conftest import fill, received
from tests.operating.page import blocks, works
from tests.support.command_line import eventlog
from tests.support.postgres import FAST, quick_directory


@dataclass
class Clusters:
    """Two data directories: an old one, and a new one that holds nothing yet."""

    old: Path
    new: Path
    account: Account
    old_programs: Path
    new_programs: Path

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a program as the user that PostgreSQL runs as."""
        is_other = not self.account.is_current
        variables = {
            "OLD_BIN": self.old_programs,
            "NEW_BIN": self.new_programs,
            "OLD_DATA": self.old / "cluster",
            "NEW_DATA": self.new / "cluster",
        }
        return subprocess.run(
            command,
            cwd=self.new,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", **{n: str(v) for n, v in variables.items()}},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            user=self.account.uid if is_other else None,
            group=self.account.gid if is_other else None,
        )

    def upgrade(self) -> "subprocess.CompletedProcess[str]":
        """Make the new cluster, and run the page's command."""
        how = ("--encoding=UTF8", "--no-locale", "--data-checksums", "--username=postgres", "--no-sync")
        made = self.run(self.new_programs / "initdb", *how, "-D", self.new / "cluster")
        assert made.returncode == 0, made.stderr
        return self.run("bash", "-euc", f"{blocks()['pg_upgrade']} --username postgres --no-sync")


@pytest.fixture
def clusters(programs: Path, newest: Path) -> Iterator[Clusters]:
    if programs == newest:
        pytest.skip("there is nothing newer here to upgrade to")
    with quick_directory() as old, quick_directory() as new:
        account = account_for(old / "cluster")
        if not account.is_current:
            os.chown(new, account.uid, account.gid)
        yield Clusters(old, new, account, programs, newest)


def filled(clusters: Clusters, *, large: bool) -> object:
    """Fill the old cluster as a server of one's own that is protected; skip where it cannot be upgraded."""
    with EmbeddedServer(clusters.old, bindir=clusters.old_programs, options=FAST) as server:
        set_up(server.dsn, 4)
        protect(server.superuser_dsn)
        fill(server.dsn, large=large)
        if not knows_server(clusters.new_programs / "pg_dump", server.dsn):
            pytest.skip("the newest programs here are from before the old server's release")
        return received(server.dsn)


def test_the_protection_goes_off_before_and_on_after(clusters: Clusters) -> None:
    before = filled(clusters, large=False)
    with EmbeddedServer(clusters.old, bindir=clusters.old_programs, options=FAST) as server:
        works("before pg_upgrade", clusters.old_programs, ADMIN_DSN=server.superuser_dsn)
    done = clusters.upgrade()
    assert done.returncode == 0, done.stdout + done.stderr
    with EmbeddedServer(clusters.new, bindir=clusters.new_programs, options=FAST) as server:
        access = {"ADMIN_DSN": server.superuser_dsn, "EVENTLOG_DSN": server.dsn}
        works("after pg_upgrade", clusters.new_programs, **access)
        assert received(server.dsn) == before
        fill(server.dsn)


def test_texts_that_the_new_server_cannot_read_are_found_at_once(clusters: Clusters) -> None:
    """pg_upgrade looks neither before nor after how texts are compressed."""
    filled(clusters, large=True)
    with EmbeddedServer(clusters.old, bindir=clusters.old_programs, options=FAST) as server:
        works("before pg_upgrade", clusters.old_programs, ADMIN_DSN=server.superuser_dsn)
        if not _has_lz4(server) or _has_lz4_in(clusters.new_programs):
            pytest.skip("needs a server with lz4 and one without")
    assert clusters.upgrade().returncode == 0
    with EmbeddedServer(clusters.new, bindir=clusters.new_programs, options=FAST) as server:
        said = eventlog("migrate", EVENTLOG_DSN=server.dsn)
    assert (said.returncode, len(said.stderr.splitlines())) == (1, 1)
    assert "are compressed by lz4, which this server was built without" in said.stderr


def _has_lz4(server: EmbeddedServer) -> bool:
    query = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    with psycopg.connect(server.dsn) as connection:
        return connection.execute(query).fetchone() == (True,)


def _has_lz4_in(programs: Path) -> bool:
    with quick_directory() as place, EmbeddedServer(place, bindir=programs, options=FAST) as server:
        return _has_lz4(server)
