"""Programs of PostgreSQL that run to their end, unless we are interrupted."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.embedded.account import Account
from eventlog.embedded.process import run_to_end
from tests.embedded.conftest import is_alive

# As initdb does, it runs another program; once that one runs, it interrupts us.
INTERRUPTS_US = 'sleep 60 & echo $! >"$1"; kill -USR1 "$2"; wait'


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGUSR1 interrupt this process as Ctrl-C would."""
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupted_it_returns_when_the_programs_own_children_have_ended_too(tmp_path: Path) -> None:
    child = tmp_path / "child"
    with (tmp_path / "log").open("wb") as log, pytest.raises(KeyboardInterrupt):
        run_to_end(
            ["/bin/sh", "-c", INTERRUPTS_US, "sh", child, str(os.getpid())],
            Account("ourselves", os.geteuid(), os.getegid()),
            output=log.fileno(),
            inherit=[],
        )
    assert not is_alive(int(child.read_text()))
