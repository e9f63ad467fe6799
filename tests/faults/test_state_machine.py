"""Any order of publishing, projecting, crashing, folding, moving and rebuilding leaves the books exact.

In this process, over a real PostgreSQL. Each example has topics of its own, which is 100 times cheaper than
a database of its own; what it expects is worked out from the log by plain Python.
"""

import json
import os
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from typing import Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.rows import TupleRow

from eventlog.events import AcceptedEvent
from eventlog.log.append import append, append_durably
from eventlog.log.outbox import Mover
from eventlog.sessions.database import connect
from eventlog.statements import statement
from projections.drop import drop
from projections.projection import CORE
from projections.quarantine.retry import Selection, retry, select
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from projections.worker import Worker
from tests.projections.contracts import Delivery, Rows, recount_core
from tests.support.deliveries import appender, deliveries, event, insert_behind_the_door
from tests.support.postgres import PARTITIONS
from tests.support.projecting import lag
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "4"))
_numbers = count(1)

TOPICS = st.integers(0, 2)
IDS = st.integers(0, 5)
PAYLOADS = st.sampled_from([{"n": 1}, {"n": 1.0}, {"n": 2}, {"n": [1, {"m": None}]}])
BATCHES = st.lists(st.tuples(TOPICS, IDS, PAYLOADS), min_size=1, max_size=8)
POISON = st.sampled_from(["5", "{}", '{"timestamp": "now", "source": "shop", "payload": {}}'])
SIZES = st.integers(1, 12)

# What lies after where this example began, in its own partitions.
LATER = (
    "JOIN unnest(%(partitions)s::smallint[], %(heads)s::bigint[]) AS b (partition, head) USING (partition)"
)
QUERIES = {
    "events": f"SELECT partition, position, topic, event_id, timestamp, source FROM events {LATER}"
    " WHERE position > head",
    "duplicates": f"SELECT partition, first_position, position FROM duplicates {LATER} WHERE position > head",
    "conflicts": f"SELECT partition, first_position, position, topic, event_id FROM conflicts {LATER}"
    " WHERE position > head",
    "quarantine": f"SELECT partition, position, topic, event_id FROM quarantine {LATER}"
    " JOIN projections ON name = projection AND live_version = version"
    " WHERE position > head AND projection = 'core'",
    "stats": "SELECT topic, received, unique_processed, duplicate_dropped, conflicts, quarantined"
    " FROM stats WHERE topic = ANY (%(topics)s)",
}
LOG = (
    f"SELECT partition, position, topic, event_id, raw::text, received_at FROM inbox {LATER}"
    " WHERE position > head"
)
CHECKPOINTS = (
    "SELECT partition, checkpoint_of('core', live_version, partition) FROM claims"
    " JOIN projections ON name = projection AND live_version = version WHERE projection = 'core'"
)
# Set aside for a reason that the content does not show: every replay takes these as they are.
DECIDED = "SELECT partition, position FROM quarantine WHERE projection = 'core' AND sqlstate = 'EL001'"
BALANCE = (
    "SELECT partition FROM steps JOIN projections ON name = projection AND live_version = version"
    " WHERE projection = 'core' GROUP BY partition"
    " HAVING sum(last - first + 1) <> max(last) OR max(last) > head_of(partition)"
)


class EventLog(RuleBasedStateMachine):
    """The log, its outbox and the core projection, with a model of what was published."""

    dsn: str

    @initialize()
    def begin(self) -> None:
        number = next(_numbers)
        self.topics = [f"machine.{number}.{topic}" for topic in range(3)]
        self.owner: Connection = psycopg.connect(self.dsn, autocommit=True)
        self.appending = appender(self.dsn)
        self.appending.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        self.projecting = connect(self.dsn, "projector", "worker")
        self.projecting.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        heads = self.owner.execute(
            "SELECT partition, coalesce(head_of(partition), 0) FROM partitions"
        ).fetchall()
        self.base = {
            "partitions": [row[0] for row in heads],
            "heads": [row[1] for row in heads],
            "topics": self.topics,
        }
        # In the order of commits, which is that of positions within a topic.
        self.published: list[tuple[str, str, str]] = []
        self.waiting: list[tuple[str, str, str]] = []
        self.dropped = False

    def _events(self, batch: Sequence[tuple[int, int, Any]]) -> list[AcceptedEvent]:
        return [event(self.topics[topic], f"id-{n}", payload=payload) for topic, n, payload in batch]

    @rule(batch=BATCHES)
    def publish(self, batch: list[tuple[int, int, Any]]) -> None:
        """Append new events, duplicates and conflicts alike: ids are few."""
        events = self._events(batch)
        places = append_durably(self.appending, [deliveries(*events)])
        assert sum(place.last - place.first + 1 for place in places[0]) == len(events)
        self.published += [(one.topic, one.event_id, one.raw.decode()) for one in events]

    @rule(batch=BATCHES)
    def crash_before_the_commit_of_an_append(self, batch: list[tuple[int, int, Any]]) -> None:
        with self.appending.transaction(force_rollback=True):
            append(self.appending, [deliveries(*self._events(batch))])

    @rule(topic=TOPICS, n=IDS, raw=POISON)
    def poison(self, topic: int, n: int, raw: str) -> None:
        insert_behind_the_door(self.owner, [raw], topic=self.topics[topic], event_id=f"id-{n}")
        self.published.append((self.topics[topic], f"id-{n}", raw))

    @rule(size=SIZES)
    def project(self, size: int) -> None:
        Worker(self.dsn, batch_size=size).round(self.projecting)

    @rule()
    def project_all(self) -> None:
        worker = Worker(self.dsn, batch_size=1000)
        until(lambda: not worker.round(self.projecting) and lag(self.owner) == 0)

    @rule(size=SIZES)
    def crash_before_the_commit_of_a_step(self, size: int) -> None:
        with self.projecting.transaction(force_rollback=True):
            Worker(self.dsn, batch_size=size).round(self.projecting)

    @precondition(lambda self: not self.dropped)
    @rule(size=SIZES)
    def project_what_kills(self, size: int) -> None:
        """Of what is projected now, every third event is set aside as if it had killed its workers."""
        events = f"core_{self._live()[0]}.events"
        refused = f"ALTER TABLE {events} ADD CONSTRAINT unlucky CHECK (position % 3 <> 0) NOT VALID"
        self.owner.execute(refused.encode())
        worker = Worker(self.dsn, batch_size=size)
        until(lambda: not worker.round(self.projecting))
        self.owner.execute(f"ALTER TABLE {events} DROP CONSTRAINT unlucky".encode())
        self.owner.execute("UPDATE quarantine SET sqlstate = 'EL001' WHERE sqlstate = '23514'")

    @precondition(lambda self: not self.dropped)
    @rule(of=st.integers(1, 3))
    def retry(self, of: int) -> None:
        """Play one in `of` of them again, with its event."""
        chosen = select(self.owner, Selection(projection="core", sqlstate="EL001"))[::of]
        for each in retry(self.dsn, CORE, chosen):
            assert each.outcome != "quarantined"

    @precondition(lambda self: not self.dropped)
    @rule(partition=st.integers(0, PARTITIONS - 1), keep=st.integers(1, 4))
    def fold(self, partition: int, keep: int) -> None:
        version, schema = self._live()
        claim = {"projection": "core", "version": version, "partition": partition}
        with self.projecting.transaction():
            taken = {**claim, "partitions": [partition], "enough": 1}
            self.projecting.execute(statement("worker/take"), taken)
            self.projecting.execute(CORE.statement("fold.sql", schema), claim)
            self.projecting.execute(statement("worker/fold_steps"), {**claim, "keep": keep})

    @rule(batch=BATCHES, kept=st.booleans())
    def publish_in_a_transaction(self, batch: list[tuple[int, int, Any]], kept: bool) -> None:
        events = self._events(batch)
        with self.owner.transaction(force_rollback=not kept):
            texts = ",".join(one.raw.decode() for one in events)
            self.owner.execute("SELECT publish_events(%s::json)", [f"[{texts}]"])
        if kept:
            self.waiting += [(one.topic, one.event_id, one.raw.decode()) for one in events]

    @rule()
    def move(self) -> None:
        Mover(self.dsn)._try_to_move(self.appending, PARTITIONS)
        self.published += self.waiting
        self.waiting = []

    @precondition(lambda self: self.waiting)
    @rule()
    def crash_before_the_commit_of_a_move(self) -> None:
        with self.appending.transaction(force_rollback=True):
            assert Mover(self.dsn)._try_to_move(self.appending, PARTITIONS)

    @rule(workers=st.integers(1, 3), verified=st.booleans())
    def rebuild(self, workers: int, verified: bool) -> None:
        """Play it all again beside the live version, and switch."""
        rebuild(self.dsn, CORE, Options(workers=workers, verify=verified))
        self.dropped = False

    @rule()
    def drop(self) -> None:
        drop(self.dsn, "core")
        self.dropped = True

    @precondition(lambda self: not self.dropped)
    @rule()
    def verify(self) -> None:
        assert verify(self.dsn, CORE).differing == []

    @invariant()
    def the_log_is_what_was_published(self) -> None:
        log = self._log()
        for topic in self.topics:
            stored = [(one.event_id, json.loads(one.raw or "null")) for one in log if one.topic == topic]
            assert stored == [(i, json.loads(raw)) for t, i, raw in self.published if t == topic]
        heads = self.owner.execute("SELECT partition, head_of(partition) FROM partitions").fetchall()
        began = dict(zip(self.base["partitions"], self.base["heads"], strict=True))
        for partition, head in heads:
            positions = [one.position for one in log if one.partition == partition]
            assert positions == list(range(began[partition] + 1, (head or 0) + 1))

    @precondition(lambda self: not self.dropped)
    @invariant()
    def what_is_projected_equals_a_recount(self) -> None:
        checkpoints: dict[int, int] = dict(self.owner.execute(CHECKPOINTS).fetchall())
        decided = set(self.owner.execute(DECIDED).fetchall())
        projected = [
            one._replace(raw=None) if one[:2] in decided else one
            for one in self._log()
            if one.position <= checkpoints.get(one.partition, 0)
        ]
        assert self._rows() == recount_core(projected)
        assert self.owner.execute(BALANCE).fetchall() == []

    def _live(self) -> tuple[int, str]:
        row = self.owner.execute(
            "SELECT version, schema_name FROM projection_versions"
            " JOIN projections ON name = projection AND live_version = version WHERE name = 'core'"
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def _log(self) -> list[Delivery]:
        rows = self.owner.execute(LOG.encode(), self.base).fetchall()
        return sorted(Delivery(*row) for row in rows)

    def _rows(self) -> Rows:
        return {
            name: sorted(self.owner.execute(query.encode(), self.base).fetchall())
            for name, query in QUERIES.items()
        }

    def teardown(self) -> None:
        """Leave nothing pending to the next example."""
        if not hasattr(self, "owner"):
            return
        with closing(self.owner), closing(self.appending), closing(self.projecting):
            self.move()
            if self.dropped:
                rebuild(self.dsn, CORE)
                self.dropped = False
            self.project_all()


def test_any_order_of_what_can_happen_leaves_the_books_exact(database: str) -> None:
    machine = type("EventLogHere", (EventLog,), {"dsn": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
