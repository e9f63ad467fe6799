"""Rebuilds by 1, 2 and 8 workers under live traffic: one content, no error, never fewer rows."""

from eventlog.embedded import EmbeddedServer
from tests.faults.rebuilds import WORKERS, filled, play_round
from tests.faults.spawner import Spawner

DELIVERIES = 2_000


def test_readers_see_no_error_and_never_fewer_rows_while_it_is_rebuilt_under_traffic(
    server: EmbeddedServer, template: str, spawner: Spawner
) -> None:
    with filled(server, template, spawner, DELIVERIES) as filler:
        results = play_round(server, spawner, (1, 2, 3), filler)
    assert [result.faults for result in results] == [[], [], []]
    assert [result.workers for result in results] == list(WORKERS)
    assert all(result.deliveries > DELIVERIES and result.appended_meanwhile > 0 for result in results)
