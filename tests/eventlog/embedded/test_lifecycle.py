"""Start, stop, start again."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.errors import EmbeddedServerError
from tests.support.processes import is_alive
from tests.support.root import ROOT


def test_data_survives_a_restart(data_dir: Path, bindir: Path | None) -> None:
    with EmbeddedServer(data_dir, bindir=bindir) as server, psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with EmbeddedServer(data_dir, bindir=bindir) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_the_owner_is_no_superuser_and_owns_its_database(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole, datname"
            " FROM pg_database JOIN pg_roles AS owner ON owner.oid = datdba"
            " WHERE datname = current_database() AND rolname = current_user"
        ).fetchone()
    assert row == ("eventlog", False, True, "eventlog")


def test_stable_views_resolve_without_a_prefix(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("eventlog, public",)


def test_text_is_utf8_ordered_by_code_point_with_checksums(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('data_checksums'), 'Z' < 'a'"
        ).fetchone()
    assert row == ("UTF8", "on", True)


def test_what_is_acknowledged_is_durable_by_default(data_dir: Path, bindir: Path | None) -> None:
    with EmbeddedServer(data_dir, bindir=bindir) as server, psycopg.connect(server.dsn) as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
        shown = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in names]
    assert shown == [("on",), ("on",), ("on",), ("",)]


def test_an_option_overrides_ours(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_a_server_that_cannot_start_says_why(data_dir: Path, bindir: Path | None) -> None:
    with pytest.raises(EmbeddedServerError, match='unrecognized configuration parameter "colour"'):
        EmbeddedServer(data_dir, bindir=bindir, options={"colour": "red"}).start()
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        assert is_alive(server.pid)


def test_stop_may_be_called_again_and_leaves_nothing(data_dir: Path, bindir: Path | None) -> None:
    server = EmbeddedServer(data_dir, bindir=bindir)
    server.start()
    pid, socket_dir = server.pid, server.postmaster.socket_dir
    server.stop()
    server.stop()
    assert not is_alive(pid)
    assert not socket_dir.exists()
    with pytest.raises(EmbeddedServerError, match="not started"):
        _ = server.dsn


def test_a_server_started_in_a_thread_outlives_the_thread(data_dir: Path, bindir: Path | None) -> None:
    server = EmbeddedServer(data_dir, bindir=bindir)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()


def test_a_terminals_interrupt_cannot_reach_it(server: EmbeddedServer) -> None:
    assert os.getsid(server.pid) != os.getsid(0)
    assert os.getpgid(server.pid) != os.getpgid(0)


FORKING_OWNER = """
import os, sys
from pathlib import Path
from eventlog.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), bindir=Path(sys.argv[2]) if sys.argv[2] else None) as server:
    pid = server.pid
    if (child := os.fork()) == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.getsid(pid) == pid, "the server is gone"
    assert server.pid == pid
"""


def test_a_fork_of_the_owner_cannot_stop_it(data_dir: Path, bindir: Path | None) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        FORKING_OWNER,
        data_dir,
        str(bindir or ""),
    ]
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_our_secrets_do_not_reach_its_environment(
    data_dir: Path, bindir: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTLOG_DSN", "postgresql://me:secret@example.invalid/db")
    monkeypatch.setenv("PGPASSWORD", "secret")
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        assert b"secret" not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_data_of_another_version_is_refused_with_the_mend(data_dir: Path, bindir: Path | None) -> None:
    with EmbeddedServer(data_dir, bindir=bindir):
        pass
    (data_dir / "cluster" / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL 13.*`eventlog db upgrade`"):
        EmbeddedServer(data_dir, bindir=bindir).start()
