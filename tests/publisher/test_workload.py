"""The simulated load: exact, repeatable, lawful."""

import json
from collections import Counter
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.simulation.workload import FRESH_SEED_MIN, Workload, fresh_seed, topic_names

loads = st.builds(
    Workload,
    events=st.integers(1, 400),
    duplicates=st.floats(0, 0.99),
    topics=st.integers(1, 40),
    seed=st.integers(0, 2 * FRESH_SEED_MIN),
)


@given(loads)
def test_exactly_the_asked_share_repeats_an_earlier_delivery(load: Workload) -> None:
    sent = list(load.sequence())
    assert len(sent) == load.events
    assert len(set(sent)) == load.unique == load.events - load.repeats
    firsts = [sent.index(number) for number in range(load.unique)]
    assert firsts == sorted(firsts), "no repeat comes before its first delivery"


@pytest.mark.parametrize(("events", "rate", "repeats"), [(20_000, 0.3, 6_000), (10, 0.25, 2), (1, 0.9, 0)])
def test_the_share_is_rounded_to_whole_deliveries(events: int, rate: float, repeats: int) -> None:
    assert Workload(events=events, duplicates=rate, topics=1, seed=0).repeats == repeats


def test_repeats_lie_at_all_distances() -> None:
    sent = list(Workload(events=10_000, duplicates=0.3, topics=10, seed=7).sequence())
    seen: dict[int, int] = {}
    distances = [
        place - seen[number]
        for place, number in enumerate(sent)
        if number in seen or seen.update({number: place})
    ]
    assert min(distances) < 50
    assert max(distances) > 5_000


@given(loads, st.integers(1, 100))
def test_the_same_seed_sends_the_same_bytes(load: Workload, size: int) -> None:
    again = Workload(
        events=load.events, duplicates=load.repeats / load.events, topics=len(load.topics), seed=load.seed
    )
    assert [b.body for b in load.batches(size)] == [b.body for b in again.batches(size)]


@given(loads, st.integers(1, 100))
def test_batches_hold_every_delivery_once_and_repeats_are_equal_to_the_byte(
    load: Workload, size: int
) -> None:
    batches = list(load.batches(size))
    assert sum(batch.events for batch in batches) == load.events
    texts = [text for batch in batches for text in _split(batch.body)]
    assert len(texts) == load.events
    assert len(set(texts)) == load.unique
    assert len({_key(text) for text in texts}) == load.unique


@given(loads, st.integers(0, 10**9))
def test_an_event_is_lawful_and_knows_its_key(load: Workload, number: int) -> None:
    event = json.loads(load.render(number))
    assert set(event) == {"topic", "event_id", "timestamp", "source", "payload"}
    assert (event["topic"], event["event_id"]) == load.key(number)
    assert len(event["topic"].split(".")) == 3
    moment, counter = event["event_id"].split("-", 1)[0], event["event_id"].rsplit("-", 1)[1]
    assert datetime.fromisoformat(event["timestamp"]).timestamp() * 1000 == pytest.approx(int(moment))
    assert int(counter) == number
    assert isinstance(event["payload"], dict)


def test_events_have_the_size_that_was_measured_with() -> None:
    load = Workload(events=1000, duplicates=0.3, topics=10, seed=7)
    size = sum(len(batch.body) for batch in load.batches(100)) / 1000
    assert 240 <= size <= 300


def test_different_seeds_share_no_event() -> None:
    one, other = (Workload(events=100, duplicates=0, topics=3, seed=seed) for seed in (1, 2))
    assert not {one.key(n) for n in range(100)} & {other.key(n) for n in range(100)}


def test_a_fresh_seed_is_new_and_begins_now() -> None:
    seeds = {fresh_seed() for _ in range(100)}
    assert len(seeds) > 90
    load = Workload(events=1, duplicates=0, topics=1, seed=fresh_seed())
    age = (
        datetime.now().timestamp()
        - datetime.fromisoformat(json.loads(load.render(0))["timestamp"]).timestamp()
    )
    assert 0 <= age < 60


@pytest.mark.parametrize("count", [1, 9, 10, 11, 1500])
def test_every_topic_gets_its_share(count: int) -> None:
    names = topic_names(count)
    assert len(set(names)) == count
    load = Workload(events=1, duplicates=0, topics=count, seed=3)
    shares = Counter(load.key(number)[0] for number in islice(range(10**9), count * 20))
    assert len(shares) == count
    assert max(shares.values()) <= 3 * min(shares.values())


def _split(body: bytes) -> list[str]:
    return [json.dumps(event, sort_keys=True) for event in json.loads(body)]


def _key(text: str) -> tuple[str, str]:
    event = json.loads(text)
    return event["topic"], event["event_id"]
