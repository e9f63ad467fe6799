"""How long queries take over a large log: pages near and far, by topic and time, one event, the books."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from api.requests.cursors import encode_key
from projections.read import TimeKey, rfc3339
from tests.benchmarks.arena import Arena, Place
from tests.benchmarks.asking import Asker
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.figures import Figure, Sizes, percentiles
from tests.benchmarks.service import service
from tests.benchmarks.statements import statement
from tests.benchmarks.steps.backlog import fill

TIMES = 200
LIMIT = 100


def run(arena: Arena, sizes: Sizes, found: Sequence[Figure]) -> list[Figure]:
    """Ask a log of its own, projected by the workers of the service that is asked."""
    load = Load(events=sizes.query_events, batch=10_000)
    with arena.place() as place:
        fill(place, load)
        with service(place.dsn, sizes.workers) as up, Asker(up.addresses[0]) as asker:
            place.wait_until_projected()
            wrong = faults(place.observer, load.events, load.unique, projected=True)
            asked = ask_all(asker, place, load, sizes)
    return [msgspec.structs.replace(figure, faults=[*figure.faults, *wrong]) for figure in asked]


def ask_all(asker: Asker, place: Place, load: Load, sizes: Sizes, times: int = TIMES) -> list[Figure]:
    """Ask everything over a log that has a load, and more perhaps."""
    return [
        _ask(asker, name, what, target, times)
        for name, (what, target) in _queries(place, load, sizes).items()
    ]


def _queries(place: Place, load: Load, sizes: Sizes) -> dict[str, tuple[str, Callable[[], str]]]:
    """Return what to ask: in words, and a target that is another one each time where it can be."""
    chance = random.Random(7)
    events = place.events()
    page = max(min(sizes.page, events // LIMIT), 2)
    first, last = _moments(place)
    far = encode_key("asc", _key_at(place, (page - 1) * LIMIT - 1))

    def event() -> str:
        topic, event_id = load.key(chance.randrange(load.unique))
        return f"/events/{quote(topic, safe='')}/{quote(event_id, safe='')}"

    def by_topic() -> str:
        return f"/events?topic={chance.choice(load.workload.topics)}&limit={LIMIT}"

    def by_time() -> str:
        since = first + (last - first) * chance.random()
        return f"/events?since={quote(rfc3339(since))}&limit={LIMIT}"

    of = f"of {events:,} events"
    return {
        "query_page_1": (f"page 1 {of}, by time", lambda: f"/events?limit={LIMIT}"),
        f"query_page_{page}": (
            f"page {page:,} {of}, by time",
            lambda: f"/events?limit={LIMIT}&cursor={far}",
        ),
        "query_by_topic": (f"first page of one topic, {of}", by_topic),
        "query_by_time": (f"a page from a random moment on, {of}", by_time),
        "query_in_order": (f"a page in log order, {of}", lambda: f"/events?order=position&limit={LIMIT}"),
        "query_event": (f"one event by its key, {of}, with its deliveries", event),
        "query_stats": ("the books", lambda: "/stats"),
    }


def _key_at(place: Place, offset: int) -> TimeKey:
    row = place.observer.execute(statement("key_at"), {"offset": offset}).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return TimeKey(rfc3339(moment), row[1], row[2])


def _moments(place: Place) -> tuple[datetime, datetime]:
    row = place.observer.execute(statement("moments")).fetchone()
    assert row is not None
    return row[0], row[1]


def _ask(asker: Asker, name: str, what: str, target: Callable[[], str], times: int) -> Figure:
    wrong = []
    taken = []
    warm = times // 10
    for number in range(warm + times):
        each = target()
        seconds, status, body = asker.get(each)
        if number >= warm:
            taken.append(seconds)
        if status != 200 or not msgspec.json.decode(body):
            wrong.append(f"{each}: {status}")
    spread = percentiles(sorted(taken))
    return Figure(
        name=name, what=f"{what}: median", value=spread["p50"], unit="ms", details=spread, faults=wrong[:5]
    )
