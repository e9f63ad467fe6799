"""Whoever logs goes on when its log cannot be written: the disk is full, or the collector has died."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import structlog
from psycopg.rows import TupleRow

from eventlog.logs import configure_logs
from eventlog.standard_error import LossyFile
from tests.support.api import running_api
from tests.support.raw_client import client_of, one_topic, request
from tests.support.sessions import order_lock_held, terminate, waiting_for_locks
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@pytest.fixture(params=["full disk", "no reader", "a reader that does not read"])
def unwritable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log to what takes nothing."""
    reader, writer = os.pipe()
    if request.param == "a reader that does not read":
        _fill(writer)
    else:
        os.close(reader)
    if request.param == "full disk":
        os.close(writer)
        writer = os.open("/dev/full", os.O_WRONLY)
    # Unbuffered, so that nothing is left to be written when it is closed.
    stream = io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True)
    before = structlog.get_config()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs("info")
    yield
    structlog.configure(**before)
    monkeypatch.undo()
    stream.close()
    with suppress(OSError):
        os.close(reader)


def _fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, bytes(4096))
    os.set_blocking(pipe, True)


@pytest.mark.usefixtures("unwritable")
def test_publishers_are_answered_although_nothing_can_be_logged(
    database: str, connection: Connection
) -> None:
    with running_api(database, workers=0) as url, client_of(url) as client:
        client.send(request(one_topic("a")))
        assert client.answer()[0] == 202
        # The writer logs that it has lost its session, and that it has another.
        with order_lock_held(database):
            client.send(request(one_topic("b")))
            until(lambda: waiting_for_locks(connection, "eventlog append") == 1)
            terminate(connection, "eventlog append")
            assert client.answer()[0] == 503
        status = 503
        while status == 503:
            client.send(request(one_topic("b")))
            status = client.answer()[0]
        assert status == 202


def _said(script: str, redirection: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of Python as an entry point does, its standard error led elsewhere by the shell."""
    opening = (
        "from eventlog.standard_error import keep_standard_error; keep_standard_error(); import os, sys\n"
    )
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, opening + script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_thread_that_says_something_lives(redirection: str) -> None:
    ended = _said("print('said', file=sys.stderr, flush=True); os._exit(7)", redirection)
    assert ended.returncode == 7


def test_what_is_opened_never_becomes_standard_error(tmp_path: Path) -> None:
    script = f"file = open({str(tmp_path / 'data')!r}, 'w'); os.write(2, b'said'); print(file.fileno())"
    assert _said(script, "2>&-").stdout.strip() not in ("0", "1", "2", "")
    assert (tmp_path / "data").read_text() == ""


def test_what_is_said_to_a_closed_standard_error_is_no_data() -> None:
    assert _said("print('talk', file=sys.stderr); print('data')", "2>&-").stdout == "data\n"


def test_what_was_lost_is_told_once_there_is_room_again() -> None:
    reader, writer = os.pipe()
    _fill(writer)
    stream = io.TextIOWrapper(io.BufferedWriter(LossyFile(writer)), line_buffering=True)
    for _ in range(3):
        print("lost" * 5000, file=stream)
    os.read(reader, 1 << 20)
    print("said", file=stream)
    told = os.read(reader, 1 << 20).decode()
    assert re.fullmatch(r"\n\[60,003 bytes of this log could not be written: nobody reads it\]\nsaid\n", told)
    os.close(reader)
    os.close(writer)
