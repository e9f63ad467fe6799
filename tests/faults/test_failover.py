"""The primary dies and its standby is promoted: synchronous, nothing acknowledged is lost; else it may be."""

from collections.abc import Callable
from pathlib import Path

from eventlog.embedded import EmbeddedServer
from tests.faults.checker import violations
from tests.faults.client import load
from tests.faults.stack import Stack
from tests.faults.standby import IN_STEP, ask, nothing_sent, power_off, promote, set_for_all
from tests.faults.standby import database as database
from tests.faults.standby import server as server
from tests.faults.standby import standby as standby
from tests.support.waiting import until

AWAITING_THE_STANDBY = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def test_with_a_synchronous_standby_nothing_acknowledged_dies_with_the_primary(
    server: EmbeddedServer, standby: EmbeddedServer, stack: Stack, journal: Path, sound: Callable[[], None]
) -> None:
    set_for_all(server, "synchronous_standby_names", "*")
    until(lambda: ask(server, IN_STEP))
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 100)
        with nothing_sent(server):
            until(lambda: ask(server, AWAITING_THE_STANDBY), message="nobody waits for the standby")
            power_off(server)
        promote(standby)
        before = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > before + 100, deadline_seconds=20)
        assert running.codes <= {"database_unavailable", "outcome_unknown"}
    sound()


def test_with_an_asynchronous_standby_what_it_was_not_sent_is_lost_and_the_journal_shows_it(
    server: EmbeddedServer, standby: EmbeddedServer, stack: Stack, journal: Path, database: str
) -> None:
    """A 202 promises this server's disk. That of another one it promises where replication is synchronous."""
    stack.start_worker()
    stack.start_api()
    with load(stack.port, journal) as running:
        until(lambda: running.journal.acknowledged > 100)
        with nothing_sent(server):
            sent = running.journal.acknowledged
            until(lambda: running.journal.acknowledged > sent + 100)
            power_off(server)
        promote(standby)
        before = running.journal.acknowledged
        until(lambda: running.journal.acknowledged > before + 100, deadline_seconds=20)
    stack.drain()
    assert any(line.startswith("I1_acknowledged_is_stored") for line in violations([journal], database))
