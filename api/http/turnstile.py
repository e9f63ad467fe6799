"""Lets in so many requests at each turn of the event loop, and the others at the next ones, in their order.

A publish has its answer after a few turns of the loop. Two hundred connections that ask and ask, be it for
what is refused, would make each turn take a hundred milliseconds. So all that is no publish comes in here.
"""

import asyncio
from collections import deque

# Through FastAPI a request takes up to half a millisecond.
ENTER_AT_ONCE = 8


class Turnstile:
    """Of one process."""

    def __init__(self) -> None:
        self._left = ENTER_AT_ONCE
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._turns = False

    async def enter(self) -> None:
        """Return when it is one's turn."""
        if not self._turns:
            self._turns = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._left > 0:
            self._left -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def _turn(self) -> None:
        self._left = ENTER_AT_ONCE
        while self._waiting and self._left > 0:
            waiting = self._waiting.popleft()
            if not waiting.done():  # cancelled
                waiting.set_result(None)
                self._left -= 1
        self._turns = self._left < ENTER_AT_ONCE
        if self._turns:
            asyncio.get_running_loop().call_soon(self._turn)
