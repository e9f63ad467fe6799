"""A primary and its standby: fixtures to import, and what can be done to the two of them."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from eventlog.embedded import EmbeddedServer, find_binaries
from eventlog.embedded.account import account_for
from eventlog.embedded.backup import base_backup
from eventlog.embedded.binaries import runnable_by
from projections.install import set_up
from tests.support.postgres import PARTITIONS, quick_directory
from tests.support.sessions import scalar
from tests.support.waiting import until

# Small, since several are started for one test. Replication is the durability here, not the disk.
OPTIONS = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "100", "wal_buffers": "1MB"}
STREAMING = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
IN_STEP = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
WALSENDER = "SELECT pid FROM pg_stat_replication"


@pytest.fixture
def server(bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run the primary."""
    with quick_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=OPTIONS) as running:
        set_up(running.dsn, PARTITIONS)
        yield running


@pytest.fixture
def standby(server: EmbeddedServer, bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a copy of the primary that follows it."""
    with quick_directory() as directory:
        base_backup(server, directory, bindir)
        with EmbeddedServer(directory, bindir=bindir, options=follow(directory, server)) as running:
            await_streaming(server)
            yield running


@pytest.fixture
def database(server: EmbeddedServer, standby: EmbeddedServer) -> str:
    """Return the owner's address at whichever of the two can be written to, the primary asked first."""
    given = [conninfo_to_dict(each.dsn) for each in (server, standby)]
    return make_conninfo(
        server.dsn,
        host=",".join(str(each["host"]) for each in given),
        port=",".join(str(each["port"]) for each in given),
        target_session_attrs="read-write",
    )


def follow(directory: Path, primary: EmbeddedServer) -> Mapping[str, str]:
    """Have the server of this directory be a standby; return the options to start it with."""
    _write(directory / "cluster" / "standby.signal")
    address = primary.postmaster
    conninfo = make_conninfo("", host=str(address.socket_dir), port=address.port, user="postgres")
    return OPTIONS | {"primary_conninfo": conninfo}


def _write(file: Path) -> None:
    file.touch()
    status = file.parent.stat()
    os.chown(file, status.st_uid, status.st_gid)


def await_streaming(primary: EmbeddedServer) -> None:
    """Wait until a standby has all that there is and gets what is new."""
    until(lambda: ask(primary, STREAMING), message="no standby streams")


def ask(server: EmbeddedServer, query: str) -> object:
    """Ask a server one value, as its superuser."""
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        return scalar(connection, query)


def set_for_all(server: EmbeddedServer, name: str, value: str) -> None:
    """Change a setting of a running server, for the sessions there are, too."""
    change = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute(change)
        connection.execute("SELECT pg_reload_conf()")


def promote(standby: EmbeddedServer) -> None:
    """Let a standby be a primary; return when it is."""
    assert ask(standby, "SELECT pg_promote()") is True


def rewind(old: EmbeddedServer, primary: EmbeddedServer, bindir: Path | None) -> None:
    """Undo what a dead primary has and its successor has not, so that it can follow it (pg_rewind)."""
    account = account_for(old.directory.cluster)
    program = runnable_by(account, find_binaries(bindir)) / "pg_rewind"
    done = subprocess.run(
        [program, "--target-pgdata", old.directory.cluster, "--source-server", primary.superuser_dsn],
        user=None if account.is_current else account.uid,
        group=None if account.is_current else account.gid,
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def power_off(server: EmbeddedServer) -> None:
    """Kill all processes of a server in one moment: none of them can send or write a last word."""
    postmaster = psutil.Process(server.pid)
    postmaster.suspend()  # it starts no others meanwhile
    everybody = [postmaster, *postmaster.children()]
    for process in everybody:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everybody, timeout=30)
    server.stop()  # lets go of the directory


@contextmanager
def nothing_sent(primary: EmbeddedServer) -> Iterator[None]:
    """Have the standby get nothing of what is committed from now on."""
    pid = ask(primary, WALSENDER)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
