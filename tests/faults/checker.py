"""What must hold after any fault: the journal of the clients against the log and its projections.

Each invariant is one statement in `invariants/`, which returns what violates it. They read the log
and the views only, so the same module checks any deployment:

    python -m tests.faults.checker JOURNAL DSN
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.rows import TupleRow

from tests.faults.journal import Attempt, read_journal

Connection = psycopg.Connection[TupleRow]

INVARIANTS = sorted(Path(__file__).with_name("invariants").glob("*.sql"))
SHOWN_MAX = 5

ATTEMPTED = """
CREATE TEMP TABLE attempted (
    request_id uuid, connection text, number int, ordinal int, outcome text, by_outbox boolean,
    topic text COLLATE "C", event_id text COLLATE "C", sha256 text, partition smallint, position bigint
);
CREATE TEMP VIEW set_aside AS
SELECT q.partition, q.position
FROM eventlog.quarantine AS q
JOIN eventlog.projections AS p ON p.name = q.projection AND p.live_version = q.version
WHERE q.projection = 'core';
"""
COPY_ATTEMPTED = "COPY attempted FROM STDIN"
LOG_HASH = """
SELECT partition, max(position),
       encode(sha256(convert_to(string_agg(md5(i::text), '' ORDER BY position), 'UTF8')), 'hex')
FROM eventlog.inbox AS i
WHERE %(through)s = 'null' OR position <= coalesce((%(through)s::json ->> partition::text)::bigint, 0)
GROUP BY partition
"""


def violations(journals: Sequence[Path], dsn: str, *, poison: int = 0, raised: bool = False) -> list[str]:
    """Return what does not hold, each beginning with the name of its invariant; empty is good.

    `poison`: how many deliveries must be in quarantine. `raised`: whether a test had the service
    raise something, for which it may answer 500.
    """
    attempts = [attempt for journal in journals for attempt in read_journal(journal)]
    found = [] if raised else list(_answers(attempts))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET search_path = pg_temp, eventlog")
        _load(connection, attempts)
        for file in INVARIANTS:
            rows = connection.execute(file.read_bytes()).fetchall()
            found += [f"{file.stem}: {row[0]}" for row in rows[:SHOWN_MAX]]
            if len(rows) > SHOWN_MAX:
                found.append(f"{file.stem}: … and {len(rows) - SHOWN_MAX} more")
        row = connection.execute("SELECT count(*) FROM set_aside").fetchone()
        if row is not None and row[0] != poison:
            found.append(f"I3_projected: {row[0]} deliveries are in quarantine, and {poison} are poison")
    return found


class LogHash(NamedTuple):
    """What each partition held through a position, as a hash."""

    through: dict[int, tuple[int, str]]

    def changed_in(self, dsn: str) -> list[str]:
        """I9: return which partitions no longer hold what they held."""
        now = log_hash(dsn, {partition: last for partition, (last, _) in self.through.items()})
        return [
            f"partition {partition} was changed at or before {self.through[partition][0]}"
            for partition, held in now.through.items()
            if held != self.through.get(partition)
        ]


def log_hash(dsn: str, through: dict[int, int] | None = None) -> LogHash:
    """Hash the log of each partition, through the positions given or all of it."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(LOG_HASH, {"through": json.dumps(through)}).fetchall()
    return LogHash({row[0]: (row[1], row[2]) for row in rows})


def _answers(attempts: list[Attempt]) -> Iterator[str]:
    """I12: whatever is no success says why by a code, and content never causes a 5xx."""
    for attempt in attempts:
        if attempt.status is None or attempt.status in (200, 202):
            continue
        if not attempt.code or attempt.code in ("internal_error", "content_refused"):
            yield f"I12_answers: {attempt.request_id} was answered {attempt.status} {attempt.code!r}"


def _load(connection: Connection, attempts: list[Attempt]) -> None:
    connection.execute(ATTEMPTED.encode())
    with connection.cursor().copy(COPY_ATTEMPTED) as copy:
        for attempt in attempts:
            for ordinal, sent in enumerate(attempt.sent):
                copy.write_row(
                    (
                        attempt.request_id,
                        attempt.connection,
                        attempt.number,
                        ordinal,
                        attempt.outcome,
                        attempt.by_outbox,
                        sent.topic,
                        sent.event_id,
                        sent.sha256,
                        sent.partition,
                        sent.position,
                    )
                )
    connection.execute("ANALYZE attempted")


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument(
        "journal", type=Path, help="what the clients wrote down of their attempts, a line each"
    )
    flags.add_argument("dsn", help="the database, as its owner: postgresql://owner@host/database")
    given = flags.parse_args()
    found = violations([given.journal], given.dsn)
    print("\n".join(found) or "all invariants hold")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
