"""`eventlog console` in a terminal of its own."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.console.commands import is_complete, read_line
from eventlog.audit.errors import QuestionRefused
from tests.support.sessions import scalar
from tests.support.waiting import until

DEADLINE_SECONDS = 60.0
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """A console in a pseudo-terminal: what is typed, and what has been seen."""

    def __init__(self, dsn: str, state: Path) -> None:
        self.fd, inner = pty.openpty()
        self.seen = ""
        env = {
            **os.environ,
            "EVENTLOG_DSN": dsn,
            "XDG_STATE_HOME": str(state),
            "TERM": "xterm",
            "PAGER": "cat",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "eventlog", "console"],
            stdin=inner, stdout=inner, stderr=inner, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(inner)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until the text is there, and forget what came before it."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} never came; seen: {self.seen[-2000:]!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                self._read()
        self.seen = self.seen.partition(text)[2]

    def _read(self) -> None:
        part = os.read(self.fd, 65536).decode(errors="replace")
        # prompt_toolkit asks where the cursor is, and waits for a terminal to say so.
        if "\x1b[6n" in part:
            self.type("\x1b[1;1R")
        self.seen += CONTROLS.sub("", part)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.fd)


@pytest.fixture
def terminal(database: str, tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(database, tmp_path)
    try:
        opened.wait_for("recorded, with your name")
        opened.wait_for("audit>")
        yield opened
    finally:
        opened.close()


def test_a_sitting(terminal: Terminal, tmp_path: Path) -> None:
    terminal.type("select received, balanced\r")
    terminal.type("from books;\r")
    terminal.wait_for("1 row (")
    terminal.type("\\was_it_received order.created e1\r")
    terminal.wait_for("0 rows (")
    terminal.type("select nothing;\r")
    terminal.wait_for('column "nothing" does not exist')
    terminal.type("\\d books\r")
    terminal.wait_for("Deliveries that the log has.")
    terminal.type("\\q\r")
    assert terminal.process.wait(DEADLINE_SECONDS) == 0
    history = tmp_path / "eventlog" / "console_history"
    assert history.stat().st_mode & 0o777 == 0o600
    assert "from books;" in history.read_text(encoding="utf-8")


def test_ctrl_c_stops_a_statement_and_the_sitting_goes_on(
    terminal: Terminal, connection: psycopg.Connection[TupleRow]
) -> None:
    running = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'eventlog_auditor' AND state = 'active'"
    terminal.type("select count(*) from pg_class a, pg_class b, pg_class c, pg_class d;\r")
    until(lambda: scalar(connection, running), deadline_seconds=DEADLINE_SECONDS, message="it never ran")
    os.kill(terminal.process.pid, signal.SIGINT)
    terminal.wait_for("stopped")
    until(lambda: scalar(connection, running) == 0, message="it runs on")
    terminal.type("select 41 + 1;\r")
    terminal.wait_for("42")


def test_a_line_is_read_for_what_it_means() -> None:
    assert read_line("select 1;").text == "select 1"
    assert read_line("  ; ").kind == "nothing"
    assert read_line("\\d audit.books").text == "books"
    assert read_line("\\was_it_received event_id=e 't 1'").arguments == {"event_id": "e", "topic": "t 1"}
    for wrong in ("\\nothing", "\\o xml", "\\books 1", "\\d 'open"):
        with pytest.raises(QuestionRefused):
            read_line(wrong)


def test_a_statement_is_complete_at_its_semicolon() -> None:
    assert [is_complete(text) for text in ("select 1", "select 1;", "\\x", "", "a;\n b")] == [
        False,
        True,
        True,
        True,
        False,
    ]
