"""What can go wrong, one class per thing that a caller can do something about.

EventlogError
├── SettingsError            a setting is missing or wrong: change it
├── Refused                  the content of a publish is not acceptable: mend it
├── ContentRefused           PostgreSQL refused what intake let in: a bug of intake, and a bad event
├── DatabaseUnavailable      away, starting, out of connections: try again
│   ├── PoolerUnsuitable     a pooler gives a session another backend each time: have it keep one
│   ├── NoEventLog           nobody has made an embedded database there: say where it is
│   └── OutcomeUnknown       the commit was sent and its answer lost: publish again, same event_id
├── LogSubscribed            logical replication writes this log: publish to the one that it copies
├── QueueFull                the writer has too much to do: try again later
├── DiskFull                 PostgreSQL has no room left: free some
├── DataDamaged              a page that PostgreSQL read is not what it wrote: restore it
├── ReadTooLarge             a read would have to look at too much: ask for less
├── LogRewound               a place that is read on from lies beyond the log: it was restored, or is another
├── SchemaMismatch           the database and this code do not fit: migrate, or upgrade
│   └── LogIncomplete        tables or deliveries are missing: restore it once more, whole
├── RightsMissing            our login may not do what is needed: an administrator runs the statements
"""

from collections.abc import Sequence
from typing import Literal

from eventlog.events import Fault


class EventlogError(Exception):
    """Root of every error that this product raises on purpose.

    names_server: its words repeat those of a failed connection, which name hosts, users and paths. They are
    for logs and terminals; callers over HTTP are told less.
    """

    names_server = False


class SettingsError(EventlogError):
    """A setting is missing or has a value that cannot be used."""


class Refused(EventlogError):
    """The content of a publish is not acceptable; nothing of it was taken.

    kind: "malformed" is no acceptable JSON at all, "invalid" is JSON but no acceptable event,
    "too_large" is over a limit, "forbidden" is not for whoever sends it. `code` is stable; `detail` never
    repeats what was sent.
    """

    def __init__(
        self,
        kind: Literal["malformed", "invalid", "too_large", "forbidden"],
        code: str,
        detail: str,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.code = code
        self.detail = detail
        self.faults = list(faults)


class ContentRefused(EventlogError):
    """PostgreSQL refused the content of one publish; nothing of it was appended."""


class DatabaseUnavailable(EventlogError):
    """The database does not answer now; the same call may succeed later."""


class PoolerUnsuitable(DatabaseUnavailable):
    """A pooler hands backends out by transaction or by statement: no session keeps what it has set."""

    def __init__(self, by: Literal["transaction", "statement"]) -> None:
        self.by = by
        super().__init__(
            f"the connection pooler before PostgreSQL hands out a backend for each {by}, so that a session "
            "keeps neither its role nor its settings, prepared statements and locks: set its pool_mode to "
            "session, or lead EVENTLOG_DSN past it"
        )


class NoEventLog(DatabaseUnavailable):
    """Nobody has made an embedded database here yet, and this command does not either."""

    def __init__(self, data_dir: object) -> None:
        super().__init__(
            f"there is no event log in {data_dir}: `eventlog up` makes one; "
            "or set EVENTLOG_DATA_DIR or EVENTLOG_DSN to where it is"
        )


class OutcomeUnknown(DatabaseUnavailable):
    """COMMIT was sent, its answer never came: the deliveries may or may not be in the log."""


class LogSubscribed(EventlogError):
    """A subscription of logical replication, `name`, writes here, and so nobody else does."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"this log is a copy: subscription {name} writes it. Publish to the log that it copies; to take "
            f"over here, ALTER SUBSCRIPTION {name} DISABLE, then `eventlog migrate`"
        )


class QueueFull(EventlogError):
    """The writer's queue is at its bound, in bytes or in events."""


class DataDamaged(EventlogError):
    """PostgreSQL met a page whose checksum is wrong: the disk lies. Nothing was read from it."""


class DiskFull(EventlogError):
    """PostgreSQL refused to write for want of room (SQLSTATE 53100)."""


class ReadTooLarge(EventlogError):
    """A read would have to look at more than a read may; the message says how to ask for less."""


class LogRewound(EventlogError):
    """A reader's place lies beyond the end of the log, which was restored to an earlier state, or is another.

    of: what has the place and the end, such as "partition 3".
    """

    def __init__(self, of: str, place: int, end: int) -> None:
        super().__init__(
            f"the place is at {place} of {of}, which ends at {end}: the log was restored to an earlier "
            "state, or the place is of another log. Nobody can go on from there: read again from a place "
            "that is older than that state, or from the beginning"
        )


class SchemaMismatch(EventlogError):
    """The schema in the database is not the one that this code needs."""


class LogIncomplete(SchemaMismatch):
    """Something of the log is missing, as after a restore that met errors: restore it again, whole."""


class RightsMissing(EventlogError):
    """Our login may not do what is needed; the message holds what an administrator has to run."""
