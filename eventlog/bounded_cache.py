"""A function's values, kept for arguments that come again and again."""

from collections.abc import Callable
from typing import Generic, TypeVar

Argument = TypeVar("Argument")
Value = TypeVar("Value")


class BoundedCache(dict[Argument, Value], Generic[Argument, Value]):
    """Looks up what it was asked before, in C; functools.lru_cache costs three times as much a call.

    It forgets everything when it is full, so that a flood of new arguments cannot grow the process. What the
    function raises is not kept.
    """

    def __init__(self, function: Callable[[Argument], Value], size_max: int) -> None:
        super().__init__()
        self._function = function
        self._size_max = size_max

    def __missing__(self, argument: Argument) -> Value:
        value = self._function(argument)
        if len(self) >= self._size_max:
            self.clear()
        self[argument] = value
        return value
