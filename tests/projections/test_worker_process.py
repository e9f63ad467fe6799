"""`eventlog worker` as a supervisor runs it: ended by a signal, stopped, and said to hang."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from projections.doctor.books import check_standing_still
from projections.read.standing_still import WITHIN
from tests.support.api import running_api
from tests.support.deliveries import append_events, event
from tests.support.projecting import lag
from tests.support.sessions import scalar
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]
WORKERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'eventlog worker' AND datname = current_database()"
)


@pytest.fixture
def worker(database: str, connection: Connection) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker process; return once it is connected."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLOG_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "eventlog", "worker"],
        env=environment | {"EVENTLOG_DSN": database},
        stderr=subprocess.PIPE,
    )
    try:
        until(lambda: scalar(connection, WORKERS) == 1, deadline_seconds=60)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(
    worker: "subprocess.Popen[bytes]", connection: Connection, number: signal.Signals, code: int
) -> None:
    worker.send_signal(number)
    _, log = worker.communicate(timeout=30)
    assert worker.returncode == code
    first = json.loads(log.splitlines()[0])
    assert (first["event"], "password" in first["dsn"]) == ("settings", False)
    until(lambda: scalar(connection, WORKERS) == 0)


def test_one_that_hangs_is_told(
    worker: "subprocess.Popen[bytes]", database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WITHIN, "seconds", 0.5)
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url, timeout=30) as client:
        assert client.get("/health").json()["status"] == "ok"
        worker.send_signal(signal.SIGSTOP)
        append_events(database, [event() for _ in range(10)])
        until(lambda: client.get("/health").json()["status"] == "degraded")
        health = client.get("/health")
        assert health.status_code == 200
        assert any(
            found.startswith("core: no step for") and "10 deliveries wait" in found
            for found in health.json()["standing_still"]
        )
        assert check_standing_still(connection).status == "warning"
        metrics = client.get("/metrics").text
        assert 'eventlog_projection_standing_still_seconds{projection="core"} 0.0' not in metrics
        worker.send_signal(signal.SIGCONT)
        until(lambda: lag(connection) == 0)
        until(lambda: client.get("/health").json()["status"] == "ok")
