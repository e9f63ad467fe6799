"""Makes and changes keys for who asks over HTTP, a few at a time: each is a session of the database."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from api.services.concurrency_limit import in_turn
from eventlog.sessions.database import Connection, connect, translated_errors

T = TypeVar("T")

AT_ONCE_MAX = 2


class KeysDesk:
    """Of one process."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def run(self, act: Callable[[Connection], T]) -> T:
        """Run what changes keys, or reads them, when it is its turn. Raises as it does."""
        async with in_turn(self._turns):
            return await asyncio.to_thread(self._run, act)

    def _run(self, act: Callable[[Connection], T]) -> T:
        with connect(self._dsn, "owner", "keys") as connection, translated_errors():
            return act(connection)
