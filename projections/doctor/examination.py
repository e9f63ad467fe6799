"""Run all checks, in the order in which one needs the other; a part that is off is reported as that."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial

import psycopg
from psycopg.conninfo import conninfo_to_dict

from eventlog.errors import DatabaseUnavailable, EventlogError, SettingsError
from eventlog.sessions.database import Connection, connect, first_line
from eventlog.sessions.session_check import Session
from eventlog.settings import Settings
from eventlog.statements import statement
from projections.doctor.auditor import check_auditor, check_elsewhere
from projections.doctor.books import (
    check_books,
    check_failures,
    check_outbox,
    check_positions,
    check_standing_still,
)
from projections.doctor.damage import check_damage
from projections.doctor.durability import check_settings, check_version
from projections.doctor.finding import Examination, Finding, failed, ok
from projections.doctor.keys import check_keys
from projections.doctor.load import check_load, check_sessions, check_slots
from projections.doctor.pooler import check_pooler, mend_pooler
from projections.doctor.protection import check_privileges, check_triggers
from projections.doctor.replication import check_rules, check_sequences, check_subscriptions, check_writable
from projections.doctor.roles import check_roles, check_schema, check_versions
from projections.doctor.surroundings import (
    check_api,
    check_certificate,
    check_clock,
    check_data_directory,
    check_disk,
    check_python,
)

Check = Callable[[Connection], Finding | Iterable[Finding]]

# The first checks need the server alone, the second ones our schema in it.
OF_SERVER: tuple[tuple[str, Check], ...] = (
    ("PostgreSQL version", check_version),
    ("settings", check_settings),
    ("damaged pages", check_damage),
    ("long transactions", check_sessions),
    ("replication slots", check_slots),
    ("load", check_load),
    ("session rules", check_rules),
)
OF_SCHEMA: tuple[tuple[str, Check], ...] = (
    ("roles", check_roles),
    ("auditor", check_auditor),
    ("inbox privileges", check_privileges),
    ("append-only", check_triggers),
    ("projection tables", check_versions),
    ("sequences", check_sequences),
    ("subscriptions", check_subscriptions),
    ("positions", check_positions),
    ("books", check_books),
    ("projections", check_failures),
    ("progress", check_standing_still),
    ("outbox", check_outbox),
    ("keys", check_keys),
)
COUNTING = frozenset({"positions", "books", "projections"})


def examine(settings: Settings) -> Examination:
    """Check everything that can be checked with what is running. Changes nothing, starts nothing."""
    findings = [check_python()]
    reachable = False
    try:
        dsn, described = _database(settings)
        findings.append(ok("database", described))
        with closing(connect(dsn, "owner", "doctor")) as connection:
            reachable = True
            findings.append(ok("connection", "accepted"))
            findings.extend(_of_database(connection))
        findings.extend(_of_questions(settings))
    except EventlogError as error:
        findings.append(failed("connection", str(error), mend_pooler(error) or _mend_connection(settings)))
    if settings.dsn is None and settings.data_dir.exists():
        findings.append(check_data_directory(settings.data_dir))
        findings.append(check_disk(settings.data_dir))
    findings.extend(check_certificate(settings))
    findings.append(check_api(settings))
    return Examination(findings, reachable)


def survey(settings: Settings, dsn: str) -> list[Finding]:
    """Check what can be asked again and again: not what counts deliveries, which /stats tells anyway.

    Raises DatabaseUnavailable.
    """
    with closing(connect(dsn, "owner", "doctor")) as connection:
        findings = list(_of_database(connection, besides=COUNTING))
    findings.extend(_of_questions(settings))
    findings.extend(check_certificate(settings))
    if settings.dsn is None:
        findings.append(check_data_directory(settings.data_dir))
        findings.append(check_disk(settings.data_dir))
    return findings


def _of_database(connection: Session, besides: frozenset[str] = frozenset()) -> Iterator[Finding]:
    yield check_pooler(connection)
    yield from _guarded("read only", check_writable, connection)  # before the next line makes us so
    connection.execute(statement("doctor/begin"))
    for name, check in OF_SERVER:
        yield from _guarded(name, check, connection)
    (schema,) = _guarded("schema", check_schema, connection)
    yield schema
    if schema.status == "ok":
        for name, check in OF_SCHEMA:
            if name not in besides:
                yield from _guarded(name, check, connection)
    yield from _guarded("clock", partial(check_clock, schema=schema.status == "ok"), connection)


def _of_questions(settings: Settings) -> Iterator[Finding]:
    if settings.audit_dsn is not None:
        yield check_elsewhere(settings.audit_dsn)


def _guarded(name: str, check: Check, connection: Connection) -> Iterator[Finding]:
    """Run one check; where even looking fails, that is the finding."""
    try:
        result = check(connection)
        yield from [result] if isinstance(result, Finding) else list(result)
    except psycopg.Error as error:
        yield failed(name, f"could not be checked: {first_line(error)}", "see PostgreSQL's log")


def _database(settings: Settings) -> tuple[str, str]:
    """Return the owner's DSN and what to call the database, without its password."""
    if settings.dsn is not None:
        return settings.dsn, f"EVENTLOG_DSN: {_without_password(settings.dsn)}"
    from eventlog.embedded import EmbeddedServer

    server = EmbeddedServer(settings.data_dir, bindir=settings.pg_bindir)
    if not settings.data_dir.exists() or not server.attach():
        raise DatabaseUnavailable(server.absence())
    return server.dsn, f"embedded, in {settings.data_dir} (process {server.pid})"


def _without_password(dsn: str) -> str:
    """Return the parts of a DSN that say where it leads."""
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        raise SettingsError("EVENTLOG_DSN is no connection string of PostgreSQL") from None
    return " ".join(f"{key}={given[key]}" for key in ("host", "port", "dbname", "user") if given.get(key))


def _mend_connection(settings: Settings) -> str:
    if settings.dsn is not None:
        return "start that PostgreSQL, or mend EVENTLOG_DSN"
    return "start it with `eventlog up` or `eventlog db start`, or set EVENTLOG_DSN to a database of your own"
