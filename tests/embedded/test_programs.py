"""Programs of PostgreSQL that run to their end, unless we are interrupted."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.embedded.account import Account
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
