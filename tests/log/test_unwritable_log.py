"""Whoever logs goes on when its log cannot be written: the disk is full, or the collector has died."""

import io
import os
import sys
from collections.abc import Iterator

import psycopg
import pytest
import structlog
from psycopg.rows import TupleRow

from eventlog.logs import configure_logs
from tests.support.api import running_api
from tests.support.raw_client import client_of, one_topic, request

Connection = psycopg.Connection[TupleRow]


@pytest.fixture(params=["full disk", "no reader"])
def unwritable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log to what takes nothing."""
    reader, writer = os.pipe()
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


@pytest.mark.usefixtures("unwritable")
def test_publishers_are_answered_although_nothing_can_be_logged(
    database: str, connection: Connection
) -> None:
    with running_api(database, workers=0) as url, client_of(url) as client:
        client.send(request(one_topic("a")))
        assert client.answer()[0] == 202
        # The writer logs that it has lost its session, and that it has another.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'eventlog append' AND datname = current_database()"
        )
        statuses: list[int] = []
        while 202 not in statuses[1:]:
            client.send(request(one_topic("b")))
            statuses.append(client.answer()[0])
        assert statuses[0] == 503
