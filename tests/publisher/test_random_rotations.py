"""A few schedules of the rotation fuzzer, and that its verdict can be the other one."""

from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
import pytest

from tests.publisher.rotations.play import Arena, play
from tests.publisher.rotations.schedule import make_schedule
from tests.publisher.rotations.verdict import Delivery, Facts, violations

# Each failed once: an inode given to another file, a copy of a file that is open, a file of half a line, an
# empty file that was packed, a copy that begins with the same half of a line as another file, a
# copy that was met before its emptied file, half a line with the inode of another such half.
SEEDS = (17, 39, 104, 135, 141, 892, 1313, 1355)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with ExitStack() as ends:
        yield Arena(ends)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_rotations_and_kills_lose_and_repeat_nothing(arena: Arena, seed: int) -> None:
    assert play(arena, make_schedule(seed)).violations == []


def facts() -> Facts:
    return Facts(
        written=["a", "b"],
        file_of={"a": 0, "b": 0},
        deliveries=[Delivery("1", "a"), Delivery("2", "b"), Delivery("2", "b")],
        destroyed=set(),
        must_be_named=0,
        deletions=0,
        named=[],
        codes=[(0, False)],
        sent_again=0,
    )


def test_a_delivery_that_came_twice_is_one_event() -> None:
    assert violations(facts()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deliveries": [Delivery("1", "a")]}, "1 missing"),
        ({"deliveries": [Delivery("1", "a"), Delivery("2", "b"), Delivery("3", "a")]}, "1 repeated"),
        ({"deliveries": [Delivery("1", "b"), Delivery("2", "a")]}, "1 out of order"),
        ({"deliveries": [Delivery("1", "a\nb\nc")]}, "1 foreign"),
        ({"deliveries": [Delivery("1", "a"), Delivery("1", "b")]}, "is two events"),
        ({"must_be_named": 1}, "to be named"),
        ({"named": ["about 3 lines (20 bytes) are missing"]}, "nothing was deleted"),
        ({"named": ["it is gone"], "deletions": 1}, "no estimate"),
        ({"codes": [(0, True)]}, "exit code 0"),
        ({"codes": [(3, False)]}, "exit code 3"),
        ({"sent_again": 2}, "nothing to do sent 2"),
    ],
)
def test_the_verdict_sees_what_does_not_hold(changes: dict[str, object], said: str) -> None:
    broken = msgspec.structs.replace(facts(), **changes)
    assert any(said in text for text in violations(broken)), violations(broken)
