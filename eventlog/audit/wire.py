"""One statement over the extended protocol, and its rows as they come, up to a limit.

Parse takes exactly one statement; Describe says whether it answers with rows, before any of it runs:
what does not (COMMIT, PREPARE TRANSACTION, LOCK, SET, NOTIFY, COPY, DO …) is never executed. By
psycopg's cursors neither can be had, nor a bound on what one row may weigh.
"""

import fcntl
import select
import struct
import termios
from collections.abc import Sequence

import msgspec
from psycopg import pq
from psycopg.errors import error_from_result

from eventlog.audit.errors import StatementFailed
from eventlog.audit.limits import StatementLimits

# Bytes that the protocol adds to each row.
OVERHEAD_BYTES_MAX = 1 << 20
# What a cell weighs at the least, NULL too: ten thousand rows of 1,600 columns are not nothing.
CELL_BYTES_MIN = 4
NO_ROWS = "it answers with no rows: ask with SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN"

Row = list[str | None]


class Fetched(msgspec.Struct):
    """Rows as PostgreSQL writes them; `types` are the columns' OIDs."""

    names: list[str]
    types: list[int]
    rows: list[Row]
    truncated: bool = False


def fetch(
    pgconn: pq.abc.PGconn, query: str, values: Sequence[str | None], limits: StatementLimits
) -> Fetched:
    """Run a query in the transaction that is begun; the session is of no use afterwards.

    Waits for as long as the connection lasts. Raises psycopg.Error as the server does, and StatementFailed
    for what answers with no rows.
    """
    pgconn.send_prepare(b"", query.encode())
    _only_result(pgconn)
    pgconn.send_describe_prepared(b"")
    described = _only_result(pgconn)
    if described.nfields == 0:
        raise StatementFailed("statement_without_rows", "0A000", NO_ROWS)
    fetched = Fetched(
        [(described.fname(index) or b"").decode() for index in range(described.nfields)],
        [described.ftype(index) for index in range(described.nfields)],
        [],
    )
    pgconn.send_query_prepared(b"", [None if value is None else value.encode() for value in values])
    pgconn.set_single_row_mode()
    _take_rows(pgconn, fetched, limits)
    return fetched


def _take_rows(pgconn: pq.abc.PGconn, fetched: Fetched, limits: StatementLimits) -> None:
    size = 0
    bytes_max = limits.bytes + OVERHEAD_BYTES_MAX
    while (result := _next(pgconn, bytes_max)) is not None:
        if result.status == pq.ExecStatus.TUPLES_OK:
            continue
        if result.status != pq.ExecStatus.SINGLE_TUPLE:
            raise error_from_result(result)
        values = [result.get_value(0, index) for index in range(len(fetched.names))]
        size += sum(max(CELL_BYTES_MIN, len(value or b"")) for value in values)
        if size > limits.bytes and not fetched.rows:
            raise _too_large(limits.bytes)
        if size > limits.bytes or len(fetched.rows) == limits.rows:
            fetched.truncated = True
            return
        fetched.rows.append([None if value is None else value.decode() for value in values])
    fetched.truncated = False


def _only_result(pgconn: pq.abc.PGconn) -> pq.abc.PGresult:
    first = None
    while (result := _next(pgconn, OVERHEAD_BYTES_MAX)) is not None:
        first = first or result
    assert first is not None
    if first.status != pq.ExecStatus.COMMAND_OK:
        raise error_from_result(first)
    return first


def _next(pgconn: pq.abc.PGconn, bytes_max: int) -> pq.abc.PGresult | None:
    """Return the next result. A single row above bytes_max is given up on before it is all here."""
    poll = select.poll()
    came = 0
    while (unsent := pgconn.flush()) or pgconn.is_busy():
        poll.register(pgconn.socket, select.POLLIN | select.POLLOUT if unsent else select.POLLIN)
        if poll.poll()[0][1] == select.POLLOUT:
            continue
        came += _readable_bytes(pgconn.socket)
        if came > bytes_max:
            raise _too_large(bytes_max)
        pgconn.consume_input()
    return pgconn.get_result()


def _too_large(bytes_max: int) -> StatementFailed:
    return StatementFailed(
        "row_too_large", "54000", f"one row has more than {bytes_max} bytes: ask for a part of it"
    )


def _readable_bytes(socket: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(socket, termios.FIONREAD, bytes(4)))[0])
