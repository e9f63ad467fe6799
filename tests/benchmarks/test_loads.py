"""A load comes to exactly as many events as it says, whatever its shape."""

import msgspec
import pytest

from tests.benchmarks.deliveries import Load

SHAPES: list[dict[str, object]] = [
    {},
    {"duplicates": 0.0},
    {"duplicates": 0.9, "topics": 1},
    {"topics": 1000},
    {"hot": 0.9},
    {"payload_bytes": 1_000},
    {"random_ids": True, "hot": 0.5, "payload_bytes": 10_000},
]


def events(load: Load) -> list[dict[str, object]]:
    bodies = [msgspec.json.decode(body) for body, _ in load.bodies()]
    return bodies if load.batch == 1 else [event for body in bodies for event in body]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_load_holds_as_many_different_events_as_it_says(shape: dict[str, object]) -> None:
    load = msgspec.convert({"events": 2_000, "batch": 100, **shape}, Load)
    found = events(load)
    keys = {(event["topic"], event["event_id"]) for event in found}
    assert len(found) == 2_000
    assert keys == {load.key(number) for number in range(load.unique)}


def test_a_repeat_is_the_same_to_the_byte() -> None:
    load = Load(events=1_000, batch=1, hot=0.5, payload_bytes=500, random_ids=True)
    assert len({body for body, _ in load.bodies()}) == load.unique


def test_what_is_left_out_is_not_counted() -> None:
    load = Load(events=1_000, batch=10)
    kept = [body for number, (body, _) in enumerate(load.bodies()) if number % 3]
    keys = {(event["topic"], event["event_id"]) for body in kept for event in msgspec.json.decode(body)}
    assert load.unique_without([number for number in range(100) if number % 3 == 0]) == len(keys)


def test_a_hot_topic_gets_its_share() -> None:
    load = Load(events=5_000, batch=1_000, hot=0.9)
    hot = sum(event["topic"] == load.workload.topics[0] for event in events(load))
    assert 0.88 < hot / 5_000 < 0.94


def test_a_payload_has_the_size_that_was_asked_for() -> None:
    load = Load(events=500, batch=100, payload_bytes=1_000)
    sizes = [len(msgspec.json.encode(event["payload"])) for event in events(load)]
    assert 950 < sum(sizes) / len(sizes) < 1_050
