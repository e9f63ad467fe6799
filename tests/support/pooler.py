"""A real PgBouncer before a test's server."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.faults.stack import free_port
from tests.support.postgres import short_directory
from tests.support.waiting import until

# As Debian installs it: not in everybody's PATH.
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")

CONFIGURATION = """
[databases]
* = host={sockets} port={number}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
max_client_conn = 200
default_pool_size = {size}
logfile = {log}
{further}
"""


@contextmanager
def pgbouncer(
    server: EmbeddedServer, mode: str, database: str, *, size: int = 40, further: str = ""
) -> Iterator[str]:
    """Run a PgBouncer; yield the owner's address of a database behind it."""
    assert PGBOUNCER is not None
    sockets = server.postmaster.socket_dir
    port = free_port()
    with short_directory("eventlog-pooler-") as folder:
        (folder / "users").write_text('"eventlog" ""\n"eventlog_auditor" ""\n')
        text = CONFIGURATION.format(
            sockets=sockets,
            number=server.postmaster.port,
            port=port,
            users=folder / "users",
            mode=mode,
            size=size,
            log=folder / "log",
            further=further,
        )
        (folder / "ini").write_text(text)
        user = sockets.owner()  # whoever may enter the folder of the socket
        shutil.chown(folder, user)
        running = subprocess.Popen([PGBOUNCER, "-u", user, "-q", folder / "ini"], stderr=subprocess.DEVNULL)
        dsn = f"postgresql://eventlog@127.0.0.1:{port}/{database}"
        try:
            until(lambda: _answers(dsn), message=lambda: (folder / "log").read_text())
            yield dsn
        finally:
            running.terminate()
            running.wait(10)


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, connect_timeout=2, autocommit=True) as probe:
            probe.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


PGPOOL = shutil.which("pgpool") or shutil.which("/usr/sbin/pgpool")
needs_pgpool = pytest.mark.skipif(PGPOOL is None, reason="pgpool2 is not installed")

PGPOOL_CONFIGURATION = """
backend_clustering_mode = 'streaming_replication'
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
pcp_port = {control_port}
pcp_listen_addresses = ''
pcp_socket_dir = '{folder}'
wd_ipc_socket_dir = '{folder}'
backend_hostname0 = '{sockets}'
backend_port0 = {number}
backend_weight0 = 1
enable_pool_hba = off
pool_passwd = ''
num_init_children = 24
max_pool = 2
sr_check_period = 0
health_check_period = 0
pid_file_name = '{folder}/pid'
logdir = '{folder}'
"""


@contextmanager
def pgpool(server: EmbeddedServer, database: str) -> Iterator[str]:
    """Run a Pgpool-II; yield the owner's address of a database behind it."""
    assert PGPOOL is not None
    sockets = server.postmaster.socket_dir
    port, control_port = free_port(), free_port()
    with short_directory("eventlog-pgpool-") as folder:
        (folder / "conf").write_text(
            PGPOOL_CONFIGURATION.format(
                port=port,
                control_port=control_port,
                folder=folder,
                sockets=sockets,
                number=server.postmaster.port,
            )
        )
        user = sockets.owner()
        shutil.chown(folder, user)
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [PGPOOL, "-n", "-f", folder / "conf"], user=user, stdout=log, stderr=log, cwd="/"
            )
        dsn = f"postgresql://eventlog@127.0.0.1:{port}/{database}"
        try:
            until(lambda: _answers(dsn), message=lambda: (folder / "log").read_text())
            yield dsn
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(20)
