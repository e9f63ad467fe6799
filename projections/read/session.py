"""A session that reads, and its transactions: planned along the indexes, over a projection that is there."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any, cast

import psycopg
from psycopg.sql import SQL

from eventlog.errors import DatabaseUnavailable
from eventlog.sessions.pinned_settings import session_dsn
from eventlog.sessions.pooler import require_whole_sessions
from eventlog.sessions.session_check import (
    WITHOUT_A_BACKEND,
    PinCheck,
    look,
    looking,
    refuses_options,
    require_all,
    setting,
)
from eventlog.sessions.wire import SILENCE_SECONDS_MAX
from eventlog.statements import statement
from projections.errors import ProjectionDropped

ReadSession = psycopg.AsyncConnection[Any]


async def open_reader(dsn: str, name: str) -> ReadSession:
    """Open a session, in autocommit, as eventlog/sessions/session_check.py does it.

    Raises psycopg.Error and DatabaseUnavailable.
    """
    reader = await _connected(dsn, name)
    try:
        async with asyncio.timeout(SILENCE_SECONDS_MAX):
            await _arrive(reader, dsn)
    except BaseException as error:
        await reader.close()
        if isinstance(error, TimeoutError):
            raise DatabaseUnavailable(f"the server says nothing; {WITHOUT_A_BACKEND}") from None
        raise
    return reader


async def _connected(dsn: str, name: str) -> ReadSession:
    connect = psycopg.AsyncConnection.connect
    try:
        return await connect(session_dsn(dsn, "reader", name), autocommit=True)
    except psycopg.OperationalError as error:
        if not refuses_options(error):
            raise
        return await connect(session_dsn(dsn, "reader", name, options=False), autocommit=True)


async def _arrive(reader: ReadSession, dsn: str) -> None:
    found = await _look(reader)
    if found.backend_pid != reader.pgconn.backend_pid:
        await asyncio.to_thread(require_whole_sessions, dsn)
    if found.missing:
        await reader.execute(setting("reader", found.missing))
        require_all(await _look(reader))


async def _look(reader: ReadSession) -> PinCheck:
    row = await (await reader.execute(looking("reader"))).fetchone()
    assert row is not None
    return look("reader", row)


@asynccontextmanager
async def reading(connection: ReadSession) -> AsyncIterator[None]:
    """Begin a transaction in which plans follow the indexes.

    Raises ProjectionDropped when the core projection is.
    """
    async with connection.transaction():
        row = await (await connection.execute(statement("read/plan"))).fetchone()
        if row is None or row == (None,):
            raise ProjectionDropped("core")
        try:
            yield
        except psycopg.errors.UndefinedTable:
            # Dropped since the line above: its views went in one transaction with the live version.
            raise ProjectionDropped("core") from None


def streamed(
    connection: ReadSession, query: SQL, parameters: dict[str, Any]
) -> AbstractAsyncContextManager[AsyncIterator[Any]]:
    """Run a statement and let its rows be taken one by one; leaving early cancels it.

    An early leave also ends the transaction: nothing else can be read in it.
    """
    rows = connection.cursor(binary=True).stream(query, parameters)
    return aclosing(cast("AsyncGenerator[Any, None]", rows))


async def forget_plans(connection: ReadSession) -> None:
    """Drop a session's prepared statements: views that were re-pointed made them invalid (0A000)."""
    await connection.execute(statement("read/forget_plans"))
