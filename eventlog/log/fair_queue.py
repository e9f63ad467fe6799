"""Who waits for the writer, in turns: whoever sends much does not keep out who sends little.

Requests are of owners: of the key that they came with, or of nobody's, who count as one. Of each owner they
keep their order. While several wait, a flush is smaller, and each has a like share of it; what one leaves is
for the others. So a request that comes waits for two short flushes, however much others have sent before it.

Of a bound, too, the last part is kept for who has little of it: else one who sends without a pause would fill
it, and everybody else be refused.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

# A flush that several share, and each for a while after such a one: some 5 ms of COPY. Who sends little waits
# for two of them.
SHARED_EVENTS_MAX = 1_000
SHARED_SECONDS = 1.0
# Of a bound, this part is open to everybody; the rest to who has less than a like share of the rest.
OPEN_SHARE = 0.75


class Owned(Protocol):
    """What waits, for somebody."""

    @property
    def owner(self) -> str | None:
        """Whose it is."""

    @property
    def events(self) -> int:
        """How many events it holds."""


R = TypeVar("R", bound=Owned)


class FairQueue(Generic[R]):
    """Not for several threads at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # Who has waited longest stands first.
        self._of: dict[str | None, deque[R]] = {}
        self._clock = clock
        self._shared_until = float("-inf")

    def __bool__(self) -> bool:
        return bool(self._of)

    def append(self, request: R) -> None:
        """Put it behind all others of its owner."""
        waiting = self._of.get(request.owner)
        if waiting is None:
            self._of[request.owner] = deque((request,))
        else:
            waiting.append(request)

    def take(self, events_max: int) -> list[R]:
        """Take what is next, of so many events at most, or a single request."""
        batch: list[R] = []
        if len(self._of) > 1:
            self._shared_until = self._clock() + SHARED_SECONDS
        if self._clock() < self._shared_until:
            events_max = min(events_max, SHARED_EVENTS_MAX)
        left = events_max
        # First a like share for each, then what is left, in the same order.
        for share in (events_max // max(1, len(self._of)), events_max):
            for owner in list(self._of):
                left -= self._take_of(owner, min(share, left), batch)
        return batch

    def _take_of(self, owner: str | None, events_max: int, batch: list[R]) -> int:
        """Take requests of one owner; return how many events they hold."""
        waiting = self._of[owner]
        taken = 0
        while waiting and (not batch or taken + waiting[0].events <= events_max):
            request = waiting.popleft()
            taken += request.events
            batch.append(request)
        if taken or not waiting:
            del self._of[owner]
            if waiting:
                self._of[owner] = waiting  # behind the others
        return taken


class SharedBound:
    """How much of something there may be at once, and how much of it each owner has."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._own: dict[str, int] = {}

    def share_open_to(self, owner: str | None) -> float:
        """Return which part of the bound an owner may fill up, with all others; who is nobody, all."""
        if owner is None:
            return 1.0
        has_little = self._own.get(owner, 0) * (len(self._own) + 1) < self.most * (1 - OPEN_SHARE)
        return 1.0 if has_little else OPEN_SHARE

    def add(self, owner: str | None, size: int) -> None:
        """Count in, or out where it is less than nothing."""
        self.total += size
        if owner is not None:
            own = self._own.get(owner, 0) + size
            if own:
                self._own[owner] = own
            else:
                self._own.pop(owner, None)
