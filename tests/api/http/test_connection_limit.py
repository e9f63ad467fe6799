"""How many connections there may be, who makes room, and what many that send nonsense cost."""

import os
import re
import resource
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg
import pytest
from psycopg.rows import TupleRow

from api.http import connection as module
from api.http import connection_limit as connection_limit
from tests.support.api import running_api
from tests.support.events import event
from tests.support.flood import KINDS, flood
from tests.support.raw_client import client_of, one_topic, queue_size, request
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGE = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
MANY = 16
DESCRIPTORS = 420
GROWN_BYTES_MAX = 64 << 20


def metric(url: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", httpx2.get(f"{url}/metrics").text, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def closed(url: str, reason: str) -> float:
    return metric(url, f'eventlog_connections_closed_total{{reason="{reason}"}}')


def test_the_connection_that_is_idle_longest_makes_room(database: str) -> None:
    settings = {"workers": 0, "connections_max": MANY, "keep_alive_seconds": 60}
    with running_api(database, **settings) as url, ExitStack() as opened:
        stream = opened.enter_context(client_of(url))
        stream.send(b"GET /events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert stream.link.recv(100).startswith(b"HTTP/1.1 200")
        clients = [opened.enter_context(client_of(url)) for _ in range(MANY - 1)]
        for client in clients:
            client.send(LIVE)
            assert client.answer()[0] == 200
        # The one that was first has just said something.
        clients[0].send(LIVE)
        clients[0].answer()
        newcomer = opened.enter_context(client_of(url))
        newcomer.send(LIVE)
        assert newcomer.answer()[0] == 200
        # The loop's clock counts milliseconds, in which several may have been answered.
        [gone] = [client for client in clients if select.select([client.link], [], [], 0.1)[0]]
        assert gone.ended()
        assert gone not in (clients[0], clients[-1])
        # To ask takes a connection as well.
        assert closed(url, "shed") == 2
        assert closed(url, "refused") == 0
        assert metric(url, "eventlog_connections_max") == MANY
        assert not stream.ends_within(0.1)


def test_who_finds_everybody_at_work_is_refused(database: str, connection: Connection) -> None:
    with running_api(database, workers=0, connections_max=MANY) as url, ExitStack() as opened:
        clients = [opened.enter_context(client_of(url)) for _ in range(MANY)]
        with connection.transaction():
            connection.execute("SELECT FROM partitions FOR UPDATE")
            for number, client in enumerate(clients[1:]):
                client.send(request(one_topic(f"{number}")))
            until(lambda: queue_size(url) == MANY - 1)
            clients[0].link.close()
            clients[0] = opened.enter_context(client_of(url))
            clients[0].send(request(one_topic("last")))
            until(lambda: _refused(url), deadline_seconds=10)
        assert {client.answer()[0] for client in clients} == {202}
        assert closed(url, "refused") >= 1


def _refused(url: str) -> bool:
    with client_of(url) as client:
        client.send(LIVE)
        status, headers, problem = client.answer()
    if status == 200:
        return False
    assert (status, problem["code"], headers["retry-after"]) == (503, "too_many_connections", "1")
    return True


@contextmanager
def api_process(dsn: str, log: Path, descriptors: int | None = None) -> Iterator[tuple[str, int]]:
    """Run `eventlog api` by itself; with so many descriptors at the most, of which it has half at first."""

    def limit() -> None:
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors // 2, descriptors))

    environment = {**os.environ, "EVENTLOG_DSN": dsn, "EVENTLOG_ALLOW_UNSAFE_SETTINGS": "true"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "eventlog", "api", "--port", "0"],
            env=environment,
            stderr=output,
            preexec_fn=limit,
        )
    try:
        found = until(
            lambda: re.search(r"listens on (http://\S+);", log.read_text()),
            deadline_seconds=60,
            message=log.read_text,
        )
        assert found is not None
        yield found[1], process.pid
    finally:
        process.kill()
        process.wait()


def test_more_idle_connections_than_descriptors_keep_nobody_from_publishing(
    database: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with api_process(database, log, DESCRIPTORS) as (url, _), ExitStack() as opened:
        assert "fewer_connections" in log.read_text()
        with httpx2.Client(base_url=url, timeout=10) as client:
            for number in range(2 * DESCRIPTORS):
                opened.enter_context(client_of(url))
                if number % 50 == 0:
                    assert client.post("/publish", json=event(event_id=str(number))).status_code == 202
        assert httpx2.post(f"{url}/publish", json=event(event_id="new")).status_code == 202
        assert closed(url, "shed") > DESCRIPTORS
        assert log.read_text().count("connections_at_bound") in (1, 2)


def test_many_that_send_what_nobody_wants_have_the_service_keep_little(database: str, tmp_path: Path) -> None:
    with api_process(database, tmp_path / "log") as (url, pid):
        address = str(urlsplit(url).hostname), urlsplit(url).port or 0
        with httpx2.Client(base_url=url, timeout=30) as client:
            for number in range(50):
                assert client.post("/publish", json=event(event_id=str(number))).status_code == 202
            process = psutil.Process(pid)
            before = process.memory_info().rss
            floods = [
                threading.Thread(
                    target=flood,
                    args=(address, kind),
                    kwargs={"connections": 5, "bytes_each": 64 << 20, "seconds": 2.0},
                )
                for kind in KINDS.values()
            ]
            for each in floods:
                each.start()
            peak = before
            while any(each.is_alive() for each in floods):
                assert client.post("/publish", json=event(event_id="among them")).status_code == 202
                peak = max(peak, process.memory_info().rss)
            assert peak - before < GROWN_BYTES_MAX


def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STUCK_SECONDS", 0.5)
    with running_api(database) as url:
        filler = {**one_topic("large"), "payload": {"text": "x" * 900_000}}
        for number in range(8):
            body = {**filler, "event_id": str(number)}
            httpx2.post(f"{url}/publish", json=body, headers={"prefer": "wait=10"}, timeout=15)
        with client_of(url) as stuck:
            stuck.send(PAGE)
            until(lambda: closed(url, "stuck") == 1)
        # Who reads is none of them.
        with client_of(url) as slow:
            slow.send(PAGE)
            assert slow.answer()[0] == 200
        assert closed(url, "stuck") == 1


def test_answers_that_nobody_takes_are_bounded_in_all(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limit, "UNSENT_BYTES_MAX", 4 << 20)
    with running_api(database) as url, ExitStack() as opened:
        for number in range(5):
            body = {**one_topic(f"{number}"), "payload": {"text": "x" * 900_000}}
            httpx2.post(f"{url}/publish", json=body, headers={"prefer": "wait=10"}, timeout=15)
        for _ in range(12):
            opened.enter_context(client_of(url)).send(PAGE)
        until(lambda: closed(url, "stuck") >= 1, deadline_seconds=15)
        with client_of(url) as reading:
            reading.send(PAGE)
            assert reading.answer()[0] == 200
