"""Who asks: a login of its own, which may read the audit views and do nothing else.

A session that logged in as somebody more powerful and took on a lesser role would not hold: one
statement is enough to take that off again (`SELECT set_config('role', 'none', …), query_to_xml(…)`).
What a session logged in as, no statement can change. So the auditor logs in:

- Where the server asks for no password (the embedded one's socket), just so.
- Elsewhere with a password that this process made up: nobody stores or knows it. Where the server
  does not take it, another process has set its own since, and the owner sets ours; so any number of
  processes, databases and restored backups get along.
- By EVENTLOG_AUDIT_DSN, where that does not work: certificates, peer authentication, an owner that
  may not make roles, a standby.

Whoever it is, `audit/flaws` is asked before each statement, in its own transaction: a session that
could write or is a superuser is not used.
"""

import secrets

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import Literal

from eventlog.audit.errors import AuditBusy, AuditUnavailable
from eventlog.sessions.database import Connection, first_line, quoting
from eventlog.sessions.session_check import Session, open_session
from eventlog.statements import statement

ROLE = "eventlog_auditor"
# Processes that set the password at the same time undo one another; by the third attempt one has got in.
ATTEMPTS = 3


class Login:
    """Opens sessions of the auditor."""

    def __init__(self, dsn: str, audit_dsn: str | None = None) -> None:
        """The owner's address; and the auditor's own where it has one."""
        self._dsn = dsn
        self._audit_dsn = audit_dsn
        self._password = secrets.token_urlsafe(24)

    def connect(self, owner: Connection) -> Session:
        """Open a session, in autocommit. The owner's tells why where that fails, and mends it.

        Raises AuditUnavailable, and AuditBusy where the role has as many sessions as it may have.
        """
        if self._audit_dsn is not None:
            try:
                return _open(self._audit_dsn)
            except psycopg.Error as error:
                unavailable = AuditUnavailable(f"EVENTLOG_AUDIT_DSN: {first_line(error)}")
                raise quoting(error, unavailable) from error
        return self._connect_by_password(owner)

    def _connect_by_password(self, owner: Connection) -> Session:
        dsn = make_conninfo(self._dsn, user=ROLE, password=self._password)
        attempts = 0
        while True:
            try:
                return _open(dsn)
            except psycopg.Error as error:
                if _is_full(owner):
                    raise AuditBusy from None
                attempts += 1
                if attempts == ATTEMPTS:
                    unavailable = AuditUnavailable(
                        f"{ROLE} cannot log in: {first_line(error)}; set EVENTLOG_AUDIT_DSN"
                    )
                    raise quoting(error, unavailable) from error
            self._set_password(owner)

    def _set_password(self, owner: Connection) -> None:
        verifier = owner.pgconn.encrypt_password(self._password.encode(), ROLE.encode(), b"scram-sha-256")
        try:
            owner.execute(statement("audit/set_password").format(verifier=Literal(verifier.decode())))
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
            raise AuditUnavailable(
                f"{ROLE} cannot log in, and may not be given a password ({first_line(error)}): "
                "set EVENTLOG_AUDIT_DSN, or run `eventlog migrate` as a role that may create roles"
            ) from error


def _open(dsn: str) -> Session:
    return open_session(dsn, "auditor", "audit")


def _is_full(owner: Connection) -> bool:
    row = owner.execute(statement("audit/is_full"), {"role": ROLE}).fetchone()
    return row == (True,)
