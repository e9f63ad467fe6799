"""A rate, with what was not used lately in store, and debts that are paid before anything else is given."""

import time
from collections.abc import Callable


class TokenBucket:
    """Fills by `rate` a second up to `capacity`. More may be taken than is there: then it is in debt."""

    def __init__(self, rate: float, capacity: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.capacity = capacity
        self._clock = clock
        self._left = capacity
        self._at = clock()

    def change(self, rate: float, capacity: float) -> None:
        """Go on with another rate; what is left stays, up to the capacity."""
        self._settle()
        self.rate, self.capacity = rate, capacity
        self._left = min(self._left, capacity)

    def left(self) -> float:
        """Return what is there; less than nothing is a debt."""
        self._settle()
        return self._left

    def wait_seconds(self, amount: float) -> float:
        """Return how long until this amount is there, or the bucket is full; 0 if it is there now."""
        return max(0.0, (min(amount, self.capacity) - self.left()) / self.rate)

    def take(self, amount: float) -> None:
        """Take this amount, whether or not it is there; a negative one gives back."""
        self._settle()
        self._left = min(self.capacity, self._left - amount)

    def _settle(self) -> None:
        now = self._clock()
        self._left = min(self.capacity, self._left + self.rate * (now - self._at))
        self._at = now
