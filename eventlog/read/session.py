"""The transaction of a read: planned along the indexes, over a projection that is there."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any, cast

import psycopg
from psycopg.sql import SQL

from eventlog.errors import ProjectionDropped
from eventlog.statements import statement

Reader = psycopg.AsyncConnection[Any]


@asynccontextmanager
async def reading(connection: Reader) -> AsyncIterator[None]:
    """Begin a transaction in which plans follow the indexes.

    Raises ProjectionDropped when the core projection is.
    """
    async with connection.transaction():
        row = await (await connection.execute(statement("read/plan"))).fetchone()
        if row is None or row[0] is None:
            raise ProjectionDropped("core")
        try:
            yield
        except psycopg.errors.UndefinedTable:
            # Dropped since the line above: its views went in one transaction with the live version.
            raise ProjectionDropped("core") from None


def streamed(
    connection: Reader, query: SQL, parameters: dict[str, Any]
) -> AbstractAsyncContextManager[AsyncIterator[Any]]:
    """Run a statement and let its rows be taken one by one; leaving early cancels it.

    An early leave also ends the transaction: nothing else can be read in it.
    """
    rows = connection.cursor(binary=True).stream(query, parameters)
    return aclosing(cast("AsyncGenerator[Any, None]", rows))


async def forget_plans(connection: Reader) -> None:
    """Drop a session's prepared statements: views that were re-pointed made them invalid (0A000)."""
    await connection.execute(statement("read/forget_plans"))
