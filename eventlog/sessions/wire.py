"""Several statements in one message, COPY among them: what psycopg's cursors cannot send.

The order lock is held while messages travel, so each one saved lets everybody append sooner. In one
process and over a unix socket, a flush of one row took 1.0 ms by cursors and 0.6 ms so, a third of
the CPU time.

Waiting is done in poll(), which lets the other threads of the process run; libpq's own blocking
calls would hold them up. No wait is without an end: keepalives notice a peer that vanished, but not
one that is still connected and will never answer, as a proxy whose server is gone.
"""

import select
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from eventlog.failpoints import hit

# How long to wait for the next piece of an answer: longer than the order lock, a slow disk or a standby may
# take, which eventlog/sessions/lock_watch.py cuts off as a whole: this is for when that does not get through
# either.
SILENCE_SECONDS_MAX = 25.0

Connection = psycopg.Connection[Any]


def run(connection: Connection, query: bytes) -> list[pq.abc.PGresult]:
    """Send statements as one message and return their results; raises the psycopg.Error of one."""
    pgconn = connection.pgconn
    pgconn.send_query(query)
    _flush(pgconn)
    return _results(pgconn)


def run_copy(connection: Connection, query: bytes, data: bytes) -> None:
    """Send statements that begin with a COPY FROM STDIN, and its data; raises as run()."""
    pgconn = connection.pgconn
    pgconn.send_query(query)
    _flush(pgconn)
    result = _next(pgconn)
    if result is None or result.status != pq.ExecStatus.COPY_IN:
        _results(pgconn)
        raise error_from_result(result or pgconn.make_empty_result(pq.ExecStatus.FATAL_ERROR))
    _put(pgconn, data)
    hit("api.copying")
    while pgconn.put_copy_end() == 0:
        _wait(pgconn, select.POLLOUT)
    _flush(pgconn)
    hit("api.committing")
    _results(pgconn)


def _put(pgconn: pq.abc.PGconn, data: bytes) -> None:
    """Hand the data to libpq in pieces, so that the server works on one while the next is written."""
    piece = 1 << 18
    for start in range(0, len(data), piece):
        while pgconn.put_copy_data(data[start : start + piece]) == 0:
            _wait(pgconn, select.POLLOUT)


def _results(pgconn: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """Read to the end of a message's answer, so that the connection can be used again; then raise."""
    results = []
    failed = None
    while (result := _next(pgconn)) is not None:
        if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            results.append(result)
        else:
            failed = failed or result
    if failed is not None:
        raise error_from_result(failed)
    return results


def _next(pgconn: pq.abc.PGconn) -> pq.abc.PGresult | None:
    while pgconn.is_busy():
        _wait(pgconn, select.POLLIN)
        pgconn.consume_input()
    return pgconn.get_result()


def _flush(pgconn: pq.abc.PGconn) -> None:
    """Push out what is buffered, reading meanwhile: a server that cannot write would not read on."""
    while pgconn.flush():
        if _wait(pgconn, select.POLLIN | select.POLLOUT) & select.POLLIN:
            pgconn.consume_input()


def _wait(pgconn: pq.abc.PGconn, events: int) -> int:
    """Wait for the peer; raises OperationalError, and gives the connection up, when it stays silent."""
    poll = select.poll()
    poll.register(pgconn.socket, events)
    ready = poll.poll(SILENCE_SECONDS_MAX * 1000)
    if not ready:
        pgconn.finish()
        raise psycopg.OperationalError(f"the server has said nothing for {SILENCE_SECONDS_MAX:g} s")
    return ready[0][1]
