"""What a worker plays next, decided from what is behind and what failed."""

import pytest

from projections.projection import CORE, TIMELINE, Projection
from projections.schedule import LITTLE_MAX, SHARED_MIN, Claim, Schedule, enough

BATCH = 1000
OWN = Projection("own", TIMELINE.folder, each="event")


def claim(projection: Projection, partition: int, lag: int = 1, *, suspected: bool = False) -> Claim:
    return Claim(projection.name, 1, partition, f"{projection.name}_1", lag, suspected)


@pytest.fixture
def schedule() -> Schedule:
    return Schedule({each.name: each for each in (CORE, TIMELINE, OWN)}, BATCH)


def test_partitions_of_one_version_are_played_together(schedule: Schedule) -> None:
    claims = [claim(CORE, 0), claim(CORE, 1), claim(CORE, 2)]
    assert schedule.due(claims) == [claims]


def test_projections_of_ones_own_are_played_partition_by_partition(schedule: Schedule) -> None:
    claims = [claim(OWN, 0, BATCH), claim(OWN, 1, BATCH)]
    assert schedule.due(claims) == [claims[:1], claims[1:]]


def test_what_failed_together_is_played_alone_and_together_again_once_it_went_well(
    schedule: Schedule,
) -> None:
    claims = [claim(CORE, 0, 8), claim(CORE, 1, 600)]
    schedule.bad(claims, BATCH)
    assert schedule.due(claims) == [claims[:1], claims[1:]]
    assert [schedule.size([each]) for each in claims] == [4, 300]
    for size in (300, 600):
        schedule.good(claims, size)
    assert schedule.due(claims) == [claims]


def test_one_delivery_is_not_halved(schedule: Schedule) -> None:
    alone = [claim(CORE, 0, 1)]
    schedule.bad(alone, BATCH)
    assert schedule.size(alone) == 1


def test_what_may_kill_is_played_alone(schedule: Schedule) -> None:
    claims = [claim(CORE, 0), claim(CORE, 1, suspected=True), claim(CORE, 2)]
    assert schedule.due(claims) == [[claims[0], claims[2]], [claims[1]]]


def test_what_failed_alone_rests_longer_each_time_and_its_neighbours_go_on(schedule: Schedule) -> None:
    claims = [claim(CORE, 0), claim(CORE, 1)]
    pauses = [schedule.rest(claims[0], transient=False) for _ in range(8)]
    assert [failures for failures, _ in pauses] == list(range(1, 9))
    assert pauses[-1][1] > pauses[0][1]
    assert schedule.due(claims) == [claims[1:]]
    schedule.rested(claims)
    assert schedule.due(claims) == [claims]


def test_a_little_of_others_waits_for_more(schedule: Schedule) -> None:
    little, much = [claim(TIMELINE, 0, 5)], [claim(TIMELINE, 0, LITTLE_MAX)]
    assert schedule.look_again_at(9.0) == 9.0
    assert schedule.due(little) == [little]
    assert schedule.due(little) == []
    assert schedule.look_again_at(9.0) != 9.0
    assert schedule.due(much) == [much]


def test_a_small_batch_waits_for_nothing_while_there_is_another(schedule: Schedule) -> None:
    left = [claim(TIMELINE, 0, 5)]
    schedule.bad(left, 4)
    for _ in range(3):
        assert schedule.due(left) == [left]


@pytest.mark.parametrize(
    ("lags", "taken"),
    [([1, 1], BATCH), ([SHARED_MIN * 3, SHARED_MIN], BATCH), ([10], BATCH)],
    ids=["little", "much", "one"],
)
def test_never_more_than_a_batch_is_taken(lags: list[int], taken: int) -> None:
    assert enough([claim(CORE, n, lag) for n, lag in enumerate(lags)], BATCH) == taken


def test_half_of_much_is_left_to_others() -> None:
    assert enough([claim(CORE, 0, 6000), claim(CORE, 1, 2000)], 10_000) == 4000
