"""What is attempted after a worker has died: narrower each time, until one delivery is left."""

import random

from hypothesis import example, given
from hypothesis import strategies as st

from projections.quarantine.crash_isolation import DEATHS_MAX, Attempt, Suspicion, next_attempt


def suspicion(checkpoint: int, head: int, last: Attempt | None = None, *, died: bool = False) -> Suspicion:
    if last is None:
        return Suspicion(None, None, None, 0, checkpoint, head, died, False)
    return Suspicion(last.through, last.first, last.last, last.deaths, checkpoint, head, died, False)


def test_at_first_a_whole_batch_is_tried() -> None:
    assert next_attempt(suspicion(10, 5_000), 1_000) == Attempt(None, 11, 1_010, 0)


def test_a_death_narrows_it_to_a_hundredth_and_survivors_do_not_widen_it() -> None:
    killed = next_attempt(suspicion(10, 5_000, Attempt(None, 11, 1_010, 0), died=True), 1_000)
    assert killed == Attempt(1_010, 11, 20, 0)
    assert next_attempt(suspicion(20, 5_000, killed), 1_000) == Attempt(1_010, 21, 30, 0)


def test_one_delivery_is_tried_three_times() -> None:
    attempt = Attempt(30, 11, 11, 0)
    for deaths in range(1, DEATHS_MAX + 1):
        found = next_attempt(suspicion(10, 50, attempt, died=True), 1_000)
        assert found == Attempt(30, 11, 11, deaths)
        attempt = found
    assert attempt.hopeless


def test_what_was_given_up_for_another_reason_is_no_death() -> None:
    assert next_attempt(suspicion(10, 50, Attempt(30, 11, 11, 2)), 1_000) == Attempt(30, 11, 11, 2)
    assert next_attempt(suspicion(11, 50, Attempt(30, 11, 11, 2), died=True), 9) == Attempt(30, 12, 12, 0)


def test_nobody_tries_while_another_attempt_is_under_way() -> None:
    assert next_attempt(Suspicion(None, None, None, 0, 0, 10, False, True), 10) is None


@example(16, 1, 1484)  # three outages in a row, but for the rule below
@given(st.integers(1, 20_000), st.sampled_from([1, 7, 500, 10_000]), st.integers(0, 2**30))
def test_whichever_delivery_kills_is_found_and_no_other(head: int, size: int, seed: int) -> None:
    """Play a model of workers that the killer ends, and an outage now and then.

    Three in a row at one delivery tried alone would be deaths that nobody can tell from a killer's.
    """
    chance = random.Random(seed)
    killer = chance.randint(1, head)
    checkpoint, deaths, outages, last = 0, 0, 0, None
    while checkpoint < killer - 1 or last is None or not last.hopeless:
        known = suspicion(checkpoint, head, last, died=last is not None and last.first == checkpoint + 1)
        last = next_attempt(known, size)
        assert last is not None
        if last.hopeless:
            break
        if last.first <= killer <= last.last:
            deaths += 1
        elif outages < 5 and last.deaths < DEATHS_MAX - 1 and chance.random() < 0.01:
            outages += 1
        else:
            checkpoint = last.last
            if last.through is None or checkpoint >= last.through:
                last = Attempt(None, 1, 1, 0) if last.through is None else None
                last = None
    assert last is not None
    assert last.first == killer
    assert deaths <= DEATHS_MAX + 3
