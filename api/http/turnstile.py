"""Let in a few requests at each turn of the event loop, and the others at later ones, in their order.

A publish has its answer after a few turns of the loop. Two hundred connections that ask and ask, be it for
what is refused, would make each turn take a hundred milliseconds. So all come in here but those who have
published well.
"""

import asyncio
from collections import deque

# Through FastAPI a request takes up to half a millisecond.
ENTER_AT_ONCE = 4
# Through a route that is no FastAPI's, a third of that.
ENTER_FAST_AT_ONCE = 12


class Turnstile:
    """The turnstile of one process, with its number of requests at each turn."""

    def __init__(self, at_once: int) -> None:
        self._at_once = self._left = at_once
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
        self._left = self._at_once
        while self._waiting and self._left > 0:
            waiting = self._waiting.popleft()
            if not waiting.done():  # cancelled
                waiting.set_result(None)
                self._left -= 1
        self._turns = self._left < self._at_once
        if self._turns:
            asyncio.get_running_loop().call_soon(self._turn)
