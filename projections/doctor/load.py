"""What wears a server down slowly: old snapshots, forgotten slots, transaction ids, connections."""

from collections.abc import Iterator

import msgspec
from psycopg.rows import class_row

from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections.doctor.finding import Finding, failed, ok, warning

IDLE_SECONDS_MAX = 60
SNAPSHOT_SECONDS_MAX = 300
SLOT_BYTES_MAX = 1 << 30
# Autovacuum begins to freeze at freeze_age; a table half as far beyond it is not being vacuumed.
# PostgreSQL stops taking writes at about 2.1 billion.
XID_AGE_WARNING = 1.5
XID_AGE_FAILED = 1_500_000_000
CONNECTIONS_SHARE_MAX = 0.8


class LongSession(msgspec.Struct, frozen=True):
    """A session that holds an old snapshot, or idles within a transaction."""

    pid: int
    name: str
    state: str
    seconds: float


class Slot(msgspec.Struct, frozen=True):
    """A replication slot that nobody reads."""

    name: str
    bytes_kept: int


class ServerLoad(msgspec.Struct, frozen=True):
    """Numbers of the whole server."""

    xid_age: int
    freeze_age: int
    connections: int
    connections_max: int


def check_sessions(connection: Connection) -> Finding:
    """Name the sessions that keep vacuum waiting."""
    limits = {"idle_seconds": IDLE_SECONDS_MAX, "snapshot_seconds": SNAPSHOT_SECONDS_MAX}
    sessions = (
        connection.cursor(row_factory=class_row(LongSession))
        .execute(statement("doctor/sessions"), limits)
        .fetchall()
    )
    if not sessions:
        return ok("long transactions", "none")
    found = "; ".join(f"{s.name} (pid {s.pid}), {s.state}, {s.seconds:.0f} s" for s in sessions)
    mend = f"end it where it runs, or: SELECT pg_terminate_backend({sessions[0].pid});"
    return warning("long transactions", found, mend)


def check_slots(connection: Connection) -> Finding:
    """Name the replication slots that keep WAL for nobody."""
    slots = connection.cursor(row_factory=class_row(Slot)).execute(statement("doctor/slots")).fetchall()
    holding = [slot for slot in slots if slot.bytes_kept > SLOT_BYTES_MAX]
    if not holding:
        return ok("replication slots", f"{len(slots)} inactive, none keeps more than 1 GiB")
    found = "; ".join(f"{slot.name} keeps {slot.bytes_kept >> 20:,} MiB of WAL" for slot in holding)
    mend = f"start its reader, or: SELECT pg_drop_replication_slot('{holding[0].name}');"
    return warning("replication slots", found, mend)


def check_load(connection: Connection) -> Iterator[Finding]:
    """Judge the age of the oldest transaction id and the use of connections."""
    load = (
        connection.cursor(row_factory=class_row(ServerLoad))
        .execute(statement("doctor/server_load"))
        .fetchone()
    )
    assert load is not None
    yield _judge_xid_age(load)
    found = f"{load.connections} of {load.connections_max}"
    if load.connections > load.connections_max * CONNECTIONS_SHARE_MAX:
        yield warning("connections", found, "raise max_connections, or run fewer processes")
    else:
        yield ok("connections", found)


def _judge_xid_age(load: ServerLoad) -> Finding:
    found = f"the oldest is {load.xid_age:,} transactions old"
    mend = "let autovacuum run, end long transactions, then: VACUUM (FREEZE) in every database"
    if load.xid_age > XID_AGE_FAILED:
        return failed("transaction ids", found, mend)
    if load.xid_age > load.freeze_age * XID_AGE_WARNING:
        return warning("transaction ids", found, mend)
    return ok("transaction ids", found)
