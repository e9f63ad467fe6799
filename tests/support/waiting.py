"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL_SECONDS = 0.01


def until(
    condition: Callable[[], T],
    *,
    deadline_seconds: float = 30.0,
    message: str | Callable[[], str] = "the condition never held",
) -> T:
    """Return the condition's first true value; fail with the message when the deadline passes."""
    deadline = time.monotonic() + deadline_seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            said = message() if callable(message) else message
            raise AssertionError(f"{said} (waited {deadline_seconds:g} s; the last value was {value!r})")
        time.sleep(INTERVAL_SECONDS)
