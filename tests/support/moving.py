"""Movers in threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventlog.log.outbox import Mover


@contextmanager
def movers(dsn: str, count: int = 1, *, on_moved: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Run movers, each in a thread; stop them at the end."""
    running = [Mover(dsn, on_moved=on_moved) for _ in range(count)]
    threads = [threading.Thread(target=mover.run, daemon=True) for mover in running]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for mover in running:
            mover.stop()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive(), "a mover did not stop"
