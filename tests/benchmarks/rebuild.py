"""A rebuild's speed beside what pure SQL can do at best, in one run: `python -m tests.benchmarks.rebuild`.

rebuild    `eventlog rebuild core`: filled, keyed, caught up, switched, the version before removed
one_core   CREATE TABLE AS SELECT DISTINCT ON (partition, event_id, topic) … over the same rows, then the
           same keys and indexes as core's events have, in one session without parallel workers
two_cores  the same, by PostgreSQL's own parallel workers, as many processes as the rebuild has workers

The limits leave out what a rebuild does beyond: duplicates and conflicts with their keys, statistics,
steps, the books. All sessions have a rebuild's settings, and fsync is on. Rounds are interleaved, medians
are taken, and at the end the projection is compared with a replay of the log.

--log FOLDER keeps the log that was filled there, and measures it again without filling it anew.
"""

import argparse
import json
import os
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from eventlog.embedded import EmbeddedServer
from eventlog.intake import PublishLimits, parse
from eventlog.log.append import append_durably, encode
from eventlog.logs import configure_logs
from eventlog.sessions.database import connect
from eventlog.statements import statement
from projections.install import set_up
from projections.operations import Progress
from projections.projection import CORE
from projections.rebuilding.rebuild import Options, rebuild
from projections.verify import verify
from publisher.simulation.workload import Workload
from tests.support.postgres import short_directory

PARTITIONS = 8
TOPICS = 10
APPENDED_AT_ONCE = 10_000
LIMITS = PublishLimits(event_bytes=1 << 20, body_bytes=64 << 20, batch_events=APPENDED_AT_ONCE)
SCHEMA = "limit_of_sql"

# The columns of core's events, in their order, sorted as their key is; keys.sql then adds their keys.
FILL = """
CREATE TABLE limit_of_sql.events AS
SELECT DISTINCT ON (partition, event_id, topic)
       position, "timestamp", statement_timestamp() AS processed_at, content_hash, partition, topic,
       event_id, source
FROM eventlog.inbox
ORDER BY partition, event_id, topic, position
"""
PROCESSES = """
SELECT set_config('max_parallel_workers_per_gather', %(helpers)s, false),
       set_config('max_parallel_maintenance_workers', %(helpers)s, false)
"""


class Phases:
    """How long each phase of a rebuild took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase = "starting"
        self._since = time.perf_counter()

    def watch(self, progress: Progress) -> None:
        """Note where the rebuild is."""
        self.enter(progress.phase)

    def enter(self, phase: str) -> None:
        """Begin a phase, or go on with it."""
        now = time.perf_counter()
        self.seconds[self._phase] = round(self.seconds.get(self._phase, 0.0) + now - self._since, 3)
        self._phase, self._since = phase, now


def fill_log(server: EmbeddedServer, deliveries: int) -> None:
    """Append a load of which 30 % are duplicates, as a log that autovacuum has had time for."""
    load = Workload(events=deliveries, duplicates=0.3, topics=TOPICS, seed=7)
    with connect(server.dsn, "appender", "bench") as connection:
        for batch in load.batches(APPENDED_AT_ONCE):
            parsed = parse(batch.body, ndjson=False, limits=LIMITS)
            append_durably(connection, [encode(parsed.events, PARTITIONS, bytes(16))])
    with connect(server.superuser_dsn, "owner", "bench") as admin:
        admin.execute("VACUUM (ANALYZE) eventlog.inbox")


def rebuild_rate(dsn: str, workers: int, phases: list[dict[str, float]]) -> float:
    """Return deliveries/s of one rebuild, by the clock on the wall."""
    watched = Phases()
    began = time.perf_counter()
    outcome = rebuild(dsn, CORE, Options(workers=workers), watch=watched.watch)
    seconds = time.perf_counter() - began
    watched.enter("done")
    phases.append(watched.seconds)
    return outcome.deliveries / seconds


def limit_rate(dsn: str, processes: int, deliveries: int) -> float:
    """Return deliveries/s of pure SQL; the leader of a parallel query works as well."""
    with connect(dsn, "owner", "bench") as connection:
        connection.execute(statement("rebuild/session"))
        connection.execute(PROCESSES, {"helpers": str(processes - 1)})
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        began = time.perf_counter()
        with connection.transaction():
            connection.execute(FILL)
            for key in keys_of_events():
                connection.execute(key)
        seconds = time.perf_counter() - began
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    return deliveries / seconds


def keys_of_events() -> list[str]:
    """Return the statements of core's keys.sql that concern its events."""
    text = CORE.statement("keys.sql", SCHEMA).as_string(None)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [each for each in "\n".join(lines).split(";") if '"."events' in each or ".events" in each]


def measure(dsn: str, deliveries: int, workers: int, rounds: int) -> dict[str, Any]:
    """Run all of it, interleaved."""
    rates: dict[str, list[float]] = {"rebuild": [], "one_core": [], "two_cores": []}
    phases: list[dict[str, float]] = []
    for _ in range(rounds):
        rates["one_core"].append(limit_rate(dsn, 1, deliveries))
        rates["two_cores"].append(limit_rate(dsn, workers, deliveries))
        rates["rebuild"].append(rebuild_rate(dsn, workers, phases))
    medians = {name: round(statistics.median(found)) for name, found in rates.items()}
    return {
        **{f"{name}_deliveries_per_second": rate for name, rate in medians.items()},
        "of_one_core": round(medians["rebuild"] / medians["one_core"], 3),
        "of_two_cores": round(medians["rebuild"] / medians["two_cores"], 3),
        "phases_seconds": phases,
    }


def main() -> int:
    options = _options()
    configure_logs("warning")
    with ExitStack() as ends:
        folder = options.log or ends.enter_context(short_directory("eventlog-bench-"))
        server = ends.enter_context(EmbeddedServer(folder / "pg"))
        set_up(server.dsn, PARTITIONS)
        found = log_length(server)
        if found == 0:
            fill_log(server, options.deliveries)
            found = log_length(server)
        result = {"deliveries": found, "workers": options.workers, "rounds": options.rounds}
        result |= measure(server.dsn, found, options.workers, options.rounds)
        if not options.unverified:
            verified = verify(server.dsn, CORE)
            result |= {"verified": not verified.differing and verified.deliveries == found}
    result |= {"durability": "fsync on; every session as a rebuild's", "cores": os.cpu_count()}
    print(json.dumps(result, indent=2))
    return 0 if result.get("verified", True) else 3


def log_length(server: EmbeddedServer) -> int:
    """Return how many deliveries the log has."""
    with connect(server.dsn, "owner", "bench") as connection:
        row = connection.execute("SELECT sum(head_of(partition)) FROM partitions").fetchone()
    assert row is not None
    return int(row[0])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--log", type=Path, help="keep the log in this folder")
    parser.add_argument("--unverified", action="store_true", help="leave out the comparison at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
