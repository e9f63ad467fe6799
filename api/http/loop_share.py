"""How much of each turn of the event loop goes to reading what no known publisher sends.

A publish has its answer after a few turns of the loop. Two hundred connections that send at once what takes a
millisecond to read would make one turn take a fifth of a second, whatever it is that they send. So when a
turn's share is used up, whoever comes next is put off: what was read waits, nothing more is read, and it goes
on at one of the next turns, in the order in which they came. Who published well has a credit, and is not put
off until that is used up.

Where several keys publish, they take turns here as well: of each, so much is read at a turn, credit or not.
Else one with hundreds of connections would have each turn take as long as all their bodies, and another's
publish wait for several of these.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

# A turn is as long as this, and what else is in it. The least that is done at once, a part of what one
# connection sent, takes up to half a millisecond.
TURN_SECONDS = 0.002
# What may be read of who has just published, before its turn: the next publish, if it comes in pieces.
CREDIT_BYTES_MAX = 1 << 14
# At each turn, of each key, while several publish; and for how long after the last time that another did.
KEY_SECONDS = 0.002
SEVERAL_SECONDS = 1.0


class LoopShare:
    """Of one process."""

    def __init__(self) -> None:
        self._used_seconds = 0.0
        self._began: float | None = None
        self._waiting: deque[Callable[[], None]] = deque()
        self._turns = False
        self._owner: str | None = None
        self._several_until = float("-inf")
        self._used_by: dict[str | None, float] = {}

    def is_turn_of(self, owner: str | None) -> bool:
        """Say whether a publish of this owner may be read now; else it is to wait."""
        if owner != self._owner:
            self._owner = owner
            self._several_until = monotonic() + SEVERAL_SECONDS
        return not self._used_by or self._used_by.get(owner, 0.0) <= KEY_SECONDS

    @property
    def counts_keys(self) -> bool:
        """Whether several keys publish, and what each takes is to be counted."""
        return self._several_until > float("-inf") and monotonic() < self._several_until

    def used_by(self, owner: str | None, seconds: float) -> None:
        """Count what was used for an owner."""
        self._used_by[owner] = self._used_by.get(owner, 0.0) + seconds
        self._take_turns()

    @property
    def is_used_up(self) -> bool:
        """Whether clients without credit have to wait for a later turn."""
        under_way = 0.0 if self._began is None else monotonic() - self._began
        return self._used_seconds + under_way > TURN_SECONDS

    def wait(self, go_on: Callable[[], None]) -> None:
        """Have `go_on` called at one of the next turns."""
        self._waiting.append(go_on)
        self._take_turns()

    def begin(self) -> None:
        """Begin to count."""
        self._began = monotonic()

    def end(self) -> None:
        """Count what was used since."""
        if self._began is not None:
            self._used_seconds += monotonic() - self._began
            self._began = None
            self._take_turns()

    def _take_turns(self) -> None:
        if not self._turns:
            self._turns = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turns = False
        self._used_seconds = 0.0
        self._used_by.clear()
        # A client that is put off again queues behind all that wait.
        for _ in range(len(self._waiting)):
            if self.is_used_up:
                break
            self._waiting.popleft()()
        if self._waiting:
            self._take_turns()
