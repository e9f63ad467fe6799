"""Reads bodies that take long to read beside the event loop, where they would keep everybody waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Examiner:
    """One body at a time: several threads at work would leave the event loop little of the interpreter."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "eventlog-examiner")

    async def read(self, reading: Callable[[], T]) -> T:
        """Return what a reading returns, when it is its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, reading)
