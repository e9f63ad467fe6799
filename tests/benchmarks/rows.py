"""Loads as rows made ready for COPY, as the API makes them."""

from collections.abc import Iterator

from eventlog.intake import PublishLimits, parse
from eventlog.log.append import Deliveries, encode
from tests.benchmarks.arena import PARTITIONS
from tests.benchmarks.deliveries import Load

LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=64 << 20, batch_events=10_000)


def ready(load: Load) -> Iterator[Deliveries]:
    """Yield a load's rows, request by request."""
    for body, _ in load.bodies():
        yield row(body)


def row(body: bytes) -> Deliveries:
    """Take one request's body in by intake and make its rows."""
    return encode(parse(body, ndjson=False, limits=LIMITS).events, PARTITIONS, bytes(16))
