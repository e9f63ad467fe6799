"""The guarded path: how a statement of anybody's is answered without anything being changed.

For each statement: it is recorded by the owner; a session of its own logs in as a role that may read
the audit views and nothing else; `BEGIN READ ONLY` by us, then the one statement over the extended
protocol; its rows up to a limit; then the session is thrown away without a COMMIT. Settings, locks,
notifications, and whatever else a statement may have got hold of, end with it.

What each guard is for:

- The login's rights: nothing can be changed, whatever the statement says. All else is depth.
- READ ONLY and no COMMIT: what the rights of PUBLIC would still allow (large objects, NOTIFY).
- One statement that answers with rows: the transaction cannot be ended from within.
- Time, by PostgreSQL and by a watchdog; rows and bytes; memory and processor where the kernel can be
  told: nobody else is held up. Locks are ACCESS SHARE, for no longer than that.
- Functions that reach beyond all this (advisory locks, WAL messages) are taken from PUBLIC, see
  `protection.py`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Annotated

import msgspec
import psycopg
from msgspec import Meta
from psycopg.sql import Literal

from eventlog.audit import record
from eventlog.audit.errors import AuditUnavailable, StatementFailed
from eventlog.audit.limits import StatementLimits
from eventlog.audit.login import Login
from eventlog.audit.record import Asker
from eventlog.audit.resource_limits import confine
from eventlog.audit.sessions import admitted
from eventlog.audit.statement_request import StatementRequest
from eventlog.audit.watchdog import Watchdog
from eventlog.audit.wire import Row, fetch
from eventlog.errors import DatabaseUnavailable
from eventlog.sessions.database import Connection, connect, first_line, quoting, translated_errors
from eventlog.sessions.session_check import Session
from eventlog.statements import statement

CANCEL_SECONDS_MAX = 1.0
# The longest error message that is kept: one may repeat a value of any size.
MESSAGE_CHARACTERS_MAX = 2_000
# SQLSTATE of a statement without its parameters: the only "protocol violation" a statement can cause.
PARAMETERS_MISSING = "08P01"
# SQLSTATE and source of "several statements": a syntax error that is found when preparing, not by the parser.
SEVERAL_STATEMENTS = ("42601", "exec_parse_message")


class Column(msgspec.Struct, frozen=True):
    """A column of an answer."""

    name: str
    type: Annotated[str, Meta(description="by PostgreSQL's name, such as `int8`")]


class StatementResult(msgspec.Struct, frozen=True):
    """What came back: each value as PostgreSQL writes it. `truncated`: there are more rows."""

    columns: list[Column]
    rows: list[Row]
    truncated: bool
    elapsed_ms: float


class Auditor:
    """Answers statements, each in a session of its own. May be used by several threads."""

    def __init__(self, dsn: str, audit_dsn: str | None = None) -> None:
        """The owner's address, who records; and EVENTLOG_AUDIT_DSN."""
        self._dsn = dsn
        self._login = Login(dsn, audit_dsn)

    def ask(
        self,
        asked: StatementRequest,
        asker: Asker,
        limits: StatementLimits,
        has_left: Callable[[], bool] = lambda: False,
    ) -> StatementResult:
        """Record, run, and answer; end the statement as soon as its asker `has_left`.

        Raises StatementFailed for whatever is wrong with the statement, its limits included;
        AuditUnavailable, AuditBusy or DatabaseUnavailable where it could not be run.
        """
        with (
            closing(connect(self._dsn, "owner", "console")) as owner,
            translated_errors(),
            _recorded(owner, asked, asker) as outcome,
        ):
            answer = self._answer(owner, asked, limits, has_left)
            outcome |= {"rows": len(answer.rows), "truncated": answer.truncated}
            return answer

    def _answer(
        self,
        owner: Connection,
        asked: StatementRequest,
        limits: StatementLimits,
        has_left: Callable[[], bool],
    ) -> StatementResult:
        session, name = admitted(self._login, owner, limits)
        try:
            with Watchdog(session, owner, limits.seconds, has_left) as watchdog:
                try:
                    _prepare(session, name, limits)
                    return _run(session, asked, limits)
                except psycopg.Error as error:
                    raise _failed(error, asked, limits, watchdog) from None
        finally:
            _throw_away(session)


@contextmanager
def _recorded(owner: Connection, asked: StatementRequest, asker: Asker) -> Iterator[dict[str, object]]:
    """Record a statement before the block and what came of it after; the block says how many rows."""
    number = record.begin(owner, asked, asker)
    outcome: dict[str, object] = {}
    try:
        yield outcome
    except StatementFailed as error:
        outcome |= {"sqlstate": error.sqlstate, "error": error.message}
        raise
    except BaseException as error:
        outcome |= {"error": str(error) or type(error).__name__}
        raise
    finally:
        # The statement has run; that its end could not be written makes it no other.
        with suppress(psycopg.Error):
            record.finish(owner, number, **outcome)


def _prepare(session: Session, name: str, limits: StatementLimits) -> None:
    """Begin the transaction, and make sure that the session is one that can do no harm."""
    milliseconds = Literal(int(limits.seconds * 1000))
    session.execute(statement("audit/name_session").format(name=Literal(name)))
    session.execute(statement("audit/begin").format(milliseconds=milliseconds))
    flaws = [flaw for (flaw,) in session.execute(statement("audit/flaws"), prepare=False)]
    if flaws:
        raise AuditUnavailable(
            f"{session.info.user} must be able to read the audit views and do nothing else, but "
            + "; ".join(flaws)
        )
    confine(session)


def _run(session: Session, asked: StatementRequest, limits: StatementLimits) -> StatementResult:
    began = time.monotonic()
    fetched = fetch(session.pgconn, asked.statement, asked.values, limits)
    return StatementResult(
        [Column(name, type_name(oid)) for name, oid in zip(fetched.names, fetched.types, strict=True)],
        fetched.rows,
        fetched.truncated,
        round((time.monotonic() - began) * 1000, 3),
    )


def _failed(
    error: psycopg.Error, asked: StatementRequest, limits: StatementLimits, watchdog: Watchdog
) -> Exception:
    if watchdog.asker_left:
        on = ", and it runs on: PostgreSQL cannot interrupt it" if watchdog.gave_up else ""
        return StatementFailed("asker_left", "57014", f"its asker has left{on}")
    if error.sqlstate == "57014" or watchdog.barked:
        return _timed_out(limits, watchdog.gave_up)
    message = first_line(error)
    if len(message) > MESSAGE_CHARACTERS_MAX:
        message = f"{message[:MESSAGE_CHARACTERS_MAX]}… ({len(message):,} characters)"
    if error.sqlstate == PARAMETERS_MISSING:
        return StatementFailed(
            "statement_failed",
            error.sqlstate,
            message,
            hint="give a parameter for each $1, $2 … of the statement",
        )
    if (error.sqlstate, error.diag.source_function) == SEVERAL_STATEMENTS:
        return StatementFailed(
            "statement_failed", SEVERAL_STATEMENTS[0], message, hint="ask one statement at a time"
        )
    if error.sqlstate is None or error.sqlstate.startswith(("57P", "08")):
        return quoting(error, DatabaseUnavailable(message))
    position = error.diag.statement_position
    return StatementFailed(
        "statement_failed",
        error.sqlstate,
        message,
        hint=error.diag.message_hint,
        position=asked.position(int(position)) if position else None,
    )


def _timed_out(limits: StatementLimits, gave_up: bool) -> StatementFailed:
    if gave_up:
        return StatementFailed(
            "statement_timed_out",
            "57014",
            f"it was given up after {limits.seconds:g} s, and runs on: "
            "it is in a function of PostgreSQL that cannot be interrupted",
            hint="ask for shorter texts and arrays",
        )
    return StatementFailed(
        "statement_timed_out",
        "57014",
        f"it was stopped after {limits.seconds:g} s",
        hint="ask for one topic or event, or for a shorter time",
    )


def _throw_away(session: Connection) -> None:
    """Close without COMMIT; what still runs is cancelled first."""
    if session.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
        with suppress(psycopg.Error):
            session.cancel_safe(timeout=CANCEL_SECONDS_MAX)
    session.close()


def type_name(oid: int) -> str:
    """Return the name of a type of PostgreSQL's own; `other` for what somebody has defined."""
    known = psycopg.adapters.types.get(oid)
    if known is None:
        return "other"
    return known.name if known.oid == oid else f"{known.name}[]"
