"""A Writer on the running event loop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from eventlog.log.writer import Writer


@asynccontextmanager
async def writer(
    dsn: str,
    *,
    queue_events_max: int = 50_000,
    queue_bytes_max: int = 32 << 20,
    volumes: Sequence[Path] = (),
) -> AsyncIterator[Writer]:
    """Make a Writer and close it at the end."""
    opened = Writer(dsn, queue_events_max=queue_events_max, queue_bytes_max=queue_bytes_max, volumes=volumes)
    try:
        yield opened
    finally:
        await opened.close()
