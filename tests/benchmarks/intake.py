"""Time intake: python -m tests.benchmarks.intake. Prints µs per event for batches of ~260-byte events."""

import argparse
import json
import time
import timeit
from contextlib import suppress
from functools import partial
from uuid import UUID

from eventlog.errors import Refused
from eventlog.intake import PublishLimits, parse

LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=8 << 20, batch_events=10_000)
TOPICS = ("payment.notification.sent", "order.item.created", "user.account.updated")


def event(number: int) -> dict[str, object]:
    """Make an event whose numbers and hexadecimals look like those of real ones."""
    unique = UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128))
    return {
        "topic": TOPICS[number % len(TOPICS)],
        "event_id": f"20251021T100000Z-{unique}-{number}",
        "timestamp": f"2025-10-21T10:{number // 60 % 60:02}:{number % 60:02}.{number * 7 % 1000:03}Z",
        "source": "payment-gateway-A",
        "payload": {
            "amount": number * 100,
            "currency": "EUR",
            "customer": f"customer-{number}",
            "paid": True,
        },
    }


def forms(events: list[dict[str, object]]) -> dict[str, tuple[bytes, bool]]:
    compact = [json.dumps(one, separators=(",", ":")) for one in events]
    array = ("[" + ",".join(compact) + "]").encode()
    found = {
        "array": (array, False),
        "spaces": (json.dumps(events).encode(), False),
        "envelope": (b'{"events":' + array + b"}", False),
        "ndjson": ("\n".join(compact).encode(), True),
        "arrays inside": (array.replace(b'"paid":true', b'"paid":[1,2]'), False),
        "extra field": (array.replace(b',"source"', b',"subject":"abc-1","source"'), False),
        "one bad": (array[:-2] + b',"topic":""}]', False),
    }
    return found | ({"single": (compact[0].encode(), False)} if len(events) == 1 else {})


def read(body: bytes, ndjson: bool) -> None:
    with suppress(Refused):
        parse(body, ndjson=ndjson, limits=LIMITS)


def main() -> None:
    """Print a line for each size and form: CPU time, of many short runs the shortest."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for size in (1, 100, 1000):
        repeats = max(500 // size, 1)
        for form, (body, ndjson) in forms([event(number) for number in range(size)]).items():
            run = partial(read, body, ndjson)
            seconds = min(timeit.repeat(run, time.process_time, repeat=200, number=repeats))
            each = seconds / repeats / size * 1e6
            print(f"{size:5} × {len(body) // size} bytes  {form:14} {each:6.2f} µs/event")


if __name__ == "__main__":
    main()
