"""A recount finds what is not exact."""

import pytest

from tests.benchmarks.arena import Arena
from tests.benchmarks.books import faults
from tests.benchmarks.deliveries import Load
from tests.benchmarks.steps.backlog import drain, fill


@pytest.mark.parametrize(("received", "unique"), [(1_001, 700), (1_000, 701)])
def test_another_count_than_what_was_sent_is_a_fault(running: Arena, received: int, unique: int) -> None:
    with running.place() as place:
        fill(place, Load(events=1_000, batch=100))
        assert faults(place.observer, 1_000, 700, projected=False) == []
        assert faults(place.observer, received, unique, projected=False) != []


def test_an_event_that_is_missing_is_a_fault(running: Arena) -> None:
    with running.place() as place:
        fill(place, Load(events=1_000, batch=100))
        drain(place, 1)
        assert faults(place.observer, 1_000, 700, projected=True) == []
        place.observer.execute(
            "DELETE FROM core_1.events WHERE event_id = (SELECT min(event_id) FROM events)"
        )
        assert faults(place.observer, 1_000, 700, projected=True) != []
