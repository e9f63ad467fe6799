"""Keys take turns with the writer: whoever sends much does not keep out who sends little."""

import asyncio
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.errors import QueueFull
from eventlog.events import in_columns
from eventlog.log.append import Deliveries, encode
from eventlog.log.fair_queue import OPEN_SHARE, SHARED_EVENTS_MAX, SHARED_SECONDS, FairQueue, SharedBound
from tests.support.deliveries import event, topic_in
from tests.support.postgres import PARTITIONS
from tests.support.sessions import order_lock_held
from tests.support.writing import writer


class Sent(NamedTuple):
    owner: str | None
    events: int
    number: int = 0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def filled(*sent: Sent) -> tuple[FairQueue[Sent], Clock]:
    clock = Clock()
    queue: FairQueue[Sent] = FairQueue(clock)
    for each in sent:
        queue.append(each)
    return queue, clock


def test_one_alone_has_whole_flushes_in_the_order_in_which_it_sent() -> None:
    queue, _ = filled(*(Sent("a", 100, number) for number in range(120)))
    assert [each.number for each in queue.take(5_000)] == list(range(50))
    assert [each.number for each in queue.take(5_000)] == list(range(50, 100))
    assert len(queue.take(5_000)) == 20
    assert not queue


def test_who_comes_last_with_little_is_in_the_next_flush() -> None:
    queue, _ = filled(*(Sent("noisy", 100) for _ in range(1_000)), Sent("quiet", 1))
    batch = queue.take(5_000)
    assert Sent("quiet", 1) in batch
    assert sum(each.events for each in batch) <= SHARED_EVENTS_MAX


def test_each_has_a_like_share_and_what_one_leaves_is_for_the_others() -> None:
    queue, _ = filled(
        *(Sent("a", 10) for _ in range(500)), *(Sent("b", 10) for _ in range(500)), *(Sent("c", 10),)
    )
    taken = [each.owner for each in queue.take(5_000)]
    assert len(taken) == SHARED_EVENTS_MAX / 10
    assert taken.count("c") == 1
    assert min(taken.count("a"), taken.count("b")) >= SHARED_EVENTS_MAX / 10 // 3


def test_flushes_stay_small_for_a_while_after_another_came() -> None:
    queue, clock = filled(*(Sent("a", 10) for _ in range(2_000)), Sent("b", 1))
    queue.take(5_000)
    clock.now = SHARED_SECONDS / 2
    assert sum(each.events for each in queue.take(5_000)) == SHARED_EVENTS_MAX
    clock.now = SHARED_SECONDS + 0.1
    assert sum(each.events for each in queue.take(5_000)) == 5_000


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(1, 3_000)), max_size=60),
    st.integers(1, 5_000),
)
def test_everything_is_taken_once_in_its_owners_order(sent: list[tuple[str | None, int]], most: int) -> None:
    queue, _ = filled(*(Sent(owner, events, number) for number, (owner, events) in enumerate(sent)))
    taken: list[Sent] = []
    flushes = 0
    while queue:
        batch = queue.take(most)
        assert len(batch) == 1 or sum(each.events for each in batch) <= most
        taken += batch
        flushes += 1
        assert flushes <= len(sent)
    for owner in ("a", "b", "c", None):
        numbers = [each.number for each in taken if each.owner == owner]
        assert numbers == [number for number, (by, _) in enumerate(sent) if by == owner]


def test_large_requests_of_one_are_not_passed_over_for_ever() -> None:
    queue, _ = filled(Sent("large", 4_000), *(Sent("small", 1) for _ in range(10_000)))
    for _ in range(3):
        batch = queue.take(5_000)
        if any(each.owner == "large" for each in batch):
            return
    pytest.fail("the large one waits for all the small ones")


def test_the_last_part_of_a_bound_is_for_who_has_little_of_it() -> None:
    bound = SharedBound(1_000)
    bound.add("noisy", 750)
    assert bound.share_open_to("noisy") == OPEN_SHARE
    assert bound.share_open_to("quiet") == 1
    assert bound.share_open_to(None) == 1
    bound.add("noisy", -750)
    bound.add("noisy", 0)
    assert bound.share_open_to("noisy") == 1
    assert bound.total == 0


def of(owner: str, count: int) -> Deliveries:
    events = [event(topic_in(0)) for _ in range(count)]
    return encode(in_columns(events), PARTITIONS, bytes(16), publisher=owner)


def test_a_full_queue_still_takes_from_who_has_little_in_it(database: str) -> None:
    async def publish() -> list[int]:
        async with writer(database, queue_events_max=400) as own:

            def fill() -> None:
                for _ in range(100):
                    answers.append(own.submit(of("noisy", 10)))

            with order_lock_held(database):
                answers = [own.submit(of("noisy", 10))]
                with pytest.raises(QueueFull):
                    fill()
                answers += [own.submit(of("quiet", 1)) for _ in range(5)]
                with pytest.raises(QueueFull):
                    own.submit(of("noisy", 1))
            return [place.last for [place] in await asyncio.gather(*answers)]

    lasts = asyncio.run(publish())
    assert len(lasts) >= 400 * OPEN_SHARE / 10
