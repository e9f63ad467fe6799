"""Programs of PostgreSQL that run to their end, unless we are interrupted."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer, find_binaries
from eventlog.embedded.account import Account
from eventlog.embedded.binaries import major_version
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.process import Command, run_to_end
from tests.support.processes import is_alive

# Once it has so much memory that it takes a while to end, it interrupts us.
SLOW_TO_END = """
import os, pathlib, signal, sys, time
held = b"." * 2**27
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
os.kill(int(sys.argv[2]), signal.SIGUSR1)
time.sleep(60)
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGUSR1 interrupt this process as Ctrl-C would."""
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupted_it_returns_when_the_programs_own_children_can_write_no_more(tmp_path: Path) -> None:
    child = tmp_path / "child"
    slow_to_end: Command = [sys.executable, "-c", SLOW_TO_END, child, str(os.getpid())]
    with (tmp_path / "log").open("wb") as log, pytest.raises(KeyboardInterrupt):
        run_to_end(
            # As initdb does, the program runs another one.
            ["/bin/sh", "-c", '"$@" & wait', "sh", *slow_to_end],
            Account("ourselves", os.geteuid(), os.getegid()),
            output=log.fileno(),
            inherit=[],
        )
    assert not is_alive(int(child.read_text()))


# Dies of what a container dies of that may use none of the machine's huge pages.
WITHOUT_HUGE_PAGES = """#!/bin/sh
case "$*" in
    *huge_pages=off* | --version) exec '{program}' "$@" ;;
    *) echo "child process was terminated by signal 7: Bus error"; exit 1 ;;
esac
"""


def test_no_huge_pages_are_asked_for(empty_data_dir: Path, bindir: Path | None) -> None:
    real = find_binaries(bindir)
    programs = empty_data_dir / "programs"
    programs.mkdir()
    for name in ("initdb", "postgres"):
        (programs / name).write_text(WITHOUT_HUGE_PAGES.format(program=real / name))
        (programs / name).chmod(0o755)
    server = EmbeddedServer(empty_data_dir / "data", bindir=programs)
    if major_version(real) < 16:  # its initdb cannot be told
        with pytest.raises(EmbeddedServerError, match="or use PostgreSQL 16 or newer"):
            server.start()
        return
    with server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SHOW huge_pages").fetchone() == ("off",)
