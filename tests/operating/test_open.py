"""From loopback to the open, step by step as docs/operating.md says it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from eventlog.embedded import EmbeddedServer
from tests.api.proxies.running import make_certificate
from tests.faults.stack import free_port
from tests.operating.conftest import admin
from tests.operating.logins import server_with_passwords
from tests.operating.page import blocks, works
from tests.support.waiting import until


@pytest.fixture
def fresh(bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a server that knows nothing of eventlog, and asks whoever is no superuser for a password."""
    with server_with_passwords(bindir) as running:
        with psycopg.connect(admin(running), autocommit=True) as superuser:
            superuser.execute("DROP DATABASE eventlog")
            superuser.execute("DROP ROLE eventlog")
            superuser.execute("CREATE DATABASE eventlog")  # which `ping` asks for
        yield running


@contextmanager
def started(name: str, **variables: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start what a block ends in, and end it."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("EVENTLOG_", "PG"))}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    given = {n: str(v) for n, v in variables.items()}
    process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", blocks()[name]], env=kept | path | given)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"https://localhost:{port}/readyz", verify=False).status_code == 200
    except httpx2.TransportError:
        return False


def test_each_step_does_what_it_says(fresh: EmbeddedServer, programs: Path, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    owner = make_conninfo(fresh.dsn, dbname="log", password="of the owner")
    given: dict[str, str | Path] = {
        "ADMIN_DSN": admin(fresh), "OWNER_DSN": owner, "OWNER_PASSWORD": "of the owner",
        "SECRETS": tmp_path / "made here", "NAME": "localhost", "PORT": str(free_port()),
        "CERTIFICATE": certificate.certificate, "PRIVATE_KEY": certificate.key,
    }  # fmt: skip
    works("open database", programs, **given)
    works("open keys", programs, **given)
    with ExitStack() as running:
        running.enter_context(started("open api", **given, EVENTLOG_ALLOW_UNSAFE_SETTINGS="1"))
        running.enter_context(started("open worker", **given))
        until(lambda: answers(int(str(given["PORT"]))), message="the API does not start")
        works("open look", programs, **given, EVENTLOG_CA=certificate.certificate)
