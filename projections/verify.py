"""Prove that a projection equals a replay of the log.

One transaction, REPEATABLE READ: what the projection says and what the log has are seen in one snapshot,
while both go on. The log is replayed into temporary tables, and the transaction is rolled back at its
end: whatever happens to this process, nothing is left behind. Workers wait for nothing.
"""

import threading
from collections.abc import Callable
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.sql import Identifier

from eventlog.sessions.database import Connection, connect_operator, translated_errors
from eventlog.statements import statement
from projections import replay, versions
from projections.content import Difference, content, hashes, one_hash, tables
from projections.errors import ProjectionDiffers, ProjectionDropped, ProjectionOutdated
from projections.operations import Progress, operation
from projections.projection import Projection
from projections.quarantine.classify_error import blames_content
from projections.rebuilding.job_pool import JobPool
from projections.replay import TEMPORARY, Decision, Span
from projections.versions import Version

REPLAYED = -1
DIFFERENCES_MAX = 20


class Verified(msgspec.Struct, frozen=True):
    """What was compared, and the first rows that differ: none where the projection equals the replay.

    hash: of all that the projection says, as of the deliveries compared; equal for equal logs.
    differing: what differs, as `relation, partition`; `differences` are the first rows of these.
    """

    projection: str
    version: int
    deliveries: int
    rows: int
    hash: str
    differing: list[str]
    differences: list[Difference]


def verify(
    dsn: str,
    projection: Projection,
    *,
    id: UUID | None = None,
    cancelled: threading.Event | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    by: str | None = None,
) -> Verified:
    """Compare the live version with a replay of what it has projected.

    Raises OperationRefused, OperationCancelled, ProjectionDropped, ProjectionOutdated.
    """
    with operation(
        dsn, "verify", projection.name, id=id, cancelled=cancelled, watch=watch, by=by
    ) as under_way:
        with translated_errors():
            found = None
            while found is None:  # until no other version goes live under our eyes
                found = verified(dsn, _live(dsn, projection), under_way.report)
        under_way.detail = msgspec.to_builtins(found)
        return found


def refuse_difference(dsn: str, version: Version, report: Callable[[str, int, int], None]) -> None:
    """Compare a version that is not live yet with a replay; raises ProjectionDiffers."""
    found = verified(dsn, version, report)
    if found is None or found.differing:
        raise ProjectionDiffers(version.projection.name, found.differing if found else [])


def verified(dsn: str, version: Version, report: Callable[[str, int, int], None]) -> Verified | None:
    """Replay what a version has projected, and compare; None when it is gone."""
    verification = _Verification(version)
    JobPool(dsn, 1, lambda: report(*verification.progress), name="verify").do([verification.run])
    return verification.result


def _live(dsn: str, projection: Projection) -> Version:
    with connect_operator(dsn, "verify") as connection, connection.transaction():
        live = versions.live(connection, projection.name)
    if live.live_version is None or live.schema_name is None:
        raise ProjectionDropped(projection.name)
    if live.definition != projection.definition:
        raise ProjectionOutdated(projection.name)
    return Version(projection, live.live_version, live.schema_name)


class _Verification:
    """One comparison: run() in one thread, while another looks at the progress."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._replay = Version(version.projection, REPLAYED, TEMPORARY)
        self.progress = ("starting", 0, 0)
        self.result: Verified | None = None

    def run(self, connection: Connection) -> None:
        """Replay and compare, in one transaction that is rolled back."""
        names = tables(connection, self._version.schema_name)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction(force_rollback=True):
            # Before the snapshot: a version that is switched away from is dropped once nobody reads it.
            if not names or not self._keep(connection, names):
                return
            connection.execute(statement("verify/begin"))
            replay.as_projector(connection)
            played = self._play(connection)
            self.progress = ("comparing", played, played)
            self.result = self._compare(connection, names, played)

    def _keep(self, connection: Connection, names: list[str]) -> bool:
        schema = Identifier(self._version.schema_name)
        try:
            for name in names:
                lock = statement("verify/keep_table").format(schema=schema, table=Identifier(name))
                connection.execute(lock)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return False
        return True

    def _play(self, connection: Connection) -> int:
        """Replay into temporary tables all that the version has projected; return how many deliveries."""
        cursor = connection.cursor(row_factory=class_row(Span))
        spans = cursor.execute(statement("verify/spans"), self._version.key).fetchall()
        total = sum(span.deliveries for span in spans)
        self.progress = ("replaying", 0, total)
        decided = replay.decisions(connection, self._version)
        connection.execute(self._replay.projection.statement("tables.sql", TEMPORARY))
        left = [span for span in spans if not self._fill(connection, span, decided)]
        if left:
            self._step(connection, spans, left, decided)
        return total

    def _fill(self, connection: Connection, span: Span, decided: list[Decision]) -> bool:
        if not self._replay.projection.has("fill.sql"):
            return False
        filled = replay.fill(connection, self._replay, span, decided)
        if filled:
            self._count(span.deliveries)
        return filled

    def _step(
        self, connection: Connection, spans: list[Span], left: list[Span], decided: list[Decision]
    ) -> None:
        """Step through the spans that could not be filled; all of them if no key takes what was."""
        try:
            with connection.transaction():
                versions.add_keys(connection, self._replay)
        except psycopg.Error as error:
            if not blames_content(error):
                raise
            self._start_over(connection)
            left = spans
        for span in left:
            replay.step(connection, self._replay, span, decided, after_each=self._count)

    def _start_over(self, connection: Connection) -> None:
        connection.execute(statement("versions/empty"), self._replay.key)
        for name in tables(connection, self._version.schema_name):
            drop = statement("verify/drop_table").format(schema=Identifier(TEMPORARY), table=Identifier(name))
            connection.execute(drop)
        connection.execute(self._replay.projection.statement("tables.sql", TEMPORARY))
        versions.add_keys(connection, self._replay)
        self.progress = ("replaying", 0, self.progress[2])

    def _count(self, deliveries: int) -> None:
        phase, done, total = self.progress
        self.progress = (phase, done + deliveries, total)

    def _compare(self, connection: Connection, names: list[str], played: int) -> Verified:
        connection.execute(statement("verify/begin"))
        actual = hashes(connection, self._version, names)
        expected = hashes(connection, self._replay, names)
        different = sorted({(each.relation, each.partition) for each in {*actual} ^ {*expected}})
        rows: list[Difference] = []
        for relation, partition in different:
            if len(rows) < DIFFERENCES_MAX:
                rows += self._rows(connection, names, relation, partition, DIFFERENCES_MAX - len(rows))
        return Verified(
            self._version.projection.name,
            self._version.number,
            played,
            sum(each.rows for each in actual),
            one_hash(actual),
            [f"{relation}, partition {partition}" for relation, partition in different],
            rows,
        )

    def _rows(
        self, connection: Connection, names: list[str], relation: str, partition: int, limit: int
    ) -> list[Difference]:
        query = statement("verify/differences").format(
            actual=content(self._version, names), expected=content(self._replay, names)
        )
        return (
            connection.cursor(row_factory=class_row(Difference))
            .execute(query, {"relation": relation, "partition": partition, "limit": limit})
            .fetchall()
        )
