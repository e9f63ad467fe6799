"""Data directories and owner processes for the tests of the embedded server."""

import json
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.account import Account, closed_directory
from tests.support.postgres import quick_directory
from tests.support.processes import is_alive
from tests.support.root import ROOT
from tests.support.waiting import until


@dataclass
class Owner:
    """Another process that runs `tests.eventlog.embedded.owner`."""

    process: "subprocess.Popen[str]"
    pid: int = 0
    dsn: str = ""
    attached: bool = False

    def wait_until_ready(self) -> "Owner":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the owner ended: {self.said()}"
        ready = json.loads(line)
        self.pid, self.dsn, self.attached = ready["pid"], ready["dsn"], ready["attached"]
        return self

    def said(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def finish(self) -> None:
        """Let it stop its server and end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0, self.said()

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


StartOwner = Callable[..., Owner]


@pytest.fixture
def start_owner(bindir: Path | None) -> Iterator[StartOwner]:
    """Return a function that starts an owner process on a data directory, as a user if one is named."""
    owners: list[Owner] = []

    def start(data_dir: Path, *, user: pwd.struct_passwd | None = None) -> Owner:
        python, environment = interpreter_for(user)
        command: list[str | Path] = [
            python,
            "-m",
            "tests.eventlog.embedded.owner",
            data_dir,
            *([bindir] if bindir else []),
        ]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        owners.append(Owner(process))
        return owners[-1]

    yield start
    for owner in owners:
        owner.close()
    for owner in owners:
        if owner.pid:
            until(lambda pid=owner.pid: not is_alive(pid), message="PostgreSQL outlived its owner")  # type: ignore[misc]


@pytest.fixture(scope="session")
def made_cluster(bindir: Path | None) -> Iterator[Path]:
    """Return the cluster of a server that was started once and stopped: copying it is faster than initdb."""
    with quick_directory() as path:
        with EmbeddedServer(path, bindir=bindir) as server:
            cluster = server.directory.cluster
        yield cluster


@pytest.fixture
def data_dir(empty_data_dir: Path, made_cluster: Path) -> Path:
    """Return a directory where a server was started before."""
    subprocess.run(["cp", "-a", made_cluster, empty_data_dir], check=True)
    return empty_data_dir


@pytest.fixture
def empty_data_dir() -> Iterator[Path]:
    """Return an empty directory that every user can reach."""
    with quick_directory() as path:
        yield path


def interpreter_for(user: pwd.struct_passwd | None) -> tuple[str, dict[str, str]]:
    """Return a Python that the user can run, and the environment in which it finds our libraries.

    Skip the test where there is none: root's Python, libraries or checkout may be closed to others.
    """
    if user is None:
        return sys.executable, dict(os.environ)
    account = Account(user.pw_name, user.pw_uid, user.pw_gid)
    libraries = Path(psycopg.__file__).parents[1]
    if closed_directory(ROOT / "tests", account) or closed_directory(libraries / "psycopg", account):
        pytest.skip("this checkout or its libraries cannot be read by other users")
    python = Path(sys.executable)
    if closed_directory(python.resolve(), account):
        python = Path(f"/usr/bin/python3.{sys.version_info.minor}")
    if not python.exists():
        pytest.skip("there is no Python of this version that other users can run")
    return str(python), {"PATH": os.environ["PATH"], "PYTHONPATH": str(libraries)}


def unprivileged() -> pwd.struct_passwd:
    """Return a user that is not root, for root to become; skip the test for everybody else."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    return pwd.getpwnam("nobody")
