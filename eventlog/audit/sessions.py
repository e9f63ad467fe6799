"""How many statements run, and how many run over.

A statement that its time limit, a cancel and its session's end do not stop is in a function of PostgreSQL
that looks for none of them, and a SIGKILL would restart the whole server. So it is left to itself. It holds
no lock that anybody waits for (`install.py`), runs at the lowest priority (`confine.py`), and takes no turn
of others: those that run, and those that run over, are counted apart, and both are bounded.

What counts is what PostgreSQL shows of the auditor's sessions, whichever process opened them: each carries
in its name by when it must be over. A session without such a name has not begun yet, and counts as one that
runs.
"""

import time
from contextlib import suppress

import msgspec
import psycopg
from psycopg.rows import class_row

from eventlog.audit.errors import AuditBusy
from eventlog.audit.limits import AT_ONCE_MAX, OVERRUNNING_MAX, StatementLimits
from eventlog.audit.login import Login
from eventlog.audit.watchdog import GIVE_UP_AFTER_SECONDS
from eventlog.sessions.database import Connection
from eventlog.sessions.session_check import Session
from eventlog.statements import statement

# How long a statement waits for its turn, and how often it looks: a backend is still there for some
# milliseconds after its client has gone.
BUSY_SECONDS_MAX = 2.0
BUSY_POLL_SECONDS = 0.05
# Returns a row (pid, until) for each session whose statement runs over its time.
FIND_OVERRUNNING = statement("audit/overrunning")


class SessionAdmission(msgspec.Struct, frozen=True):
    """What else runs in the auditor's sessions, and what to call this one."""

    running: int
    overrunning: int
    name: str


def admitted(login: Login, owner: Connection, limits: StatementLimits) -> tuple[Session, str]:
    """Return a session whose turn it is, and what to call it. Raises AuditBusy, AuditUnavailable."""
    busy_until = time.monotonic() + BUSY_SECONDS_MAX
    while True:
        session = login.connect(owner)
        try:
            found = _look(session, limits)
            if found.overrunning:
                # What waits for a client that was stopped ends by this, if it is on the owner's server.
                with suppress(psycopg.Error):
                    owner.execute(statement("audit/terminate_overrunning"))
            if found.running < AT_ONCE_MAX and found.overrunning < OVERRUNNING_MAX:
                return session, found.name
        except BaseException:
            session.close()
            raise
        session.close()
        if time.monotonic() > busy_until:
            raise AuditBusy(overrunning=found.overrunning >= OVERRUNNING_MAX)
        time.sleep(BUSY_POLL_SECONDS)


def _look(session: Session, limits: StatementLimits) -> SessionAdmission:
    seconds = limits.seconds + GIVE_UP_AFTER_SECONDS
    cursor = session.cursor(row_factory=class_row(SessionAdmission))
    found = cursor.execute(statement("audit/admission"), {"seconds": seconds}, prepare=False).fetchone()
    assert found is not None
    return found
