"""What can go wrong, one class per thing that a caller can do something about.

EventlogError
├── SettingsError            a setting is missing or wrong: change it
├── Refused                  the content of a publish is not acceptable: mend it
├── ContentRefused           PostgreSQL refused what the door let in: a bug of the door, and a bad event
├── DatabaseUnavailable      away, starting, out of connections: try again
│   ├── PoolerUnsuitable     a pooler gives a session another backend each time: have it keep one
│   ├── NoEventLog           nobody has made an embedded database there: say where it is
│   └── OutcomeUnknown       the commit was sent and its answer lost: publish again, same event_id
├── LogSubscribed            logical replication writes this log: publish to the one that it copies
├── QueueFull                the writer has too much to do: try again later
├── DiskFull                 PostgreSQL has no room left: free some
├── DataDamaged              a page that PostgreSQL read is not what it wrote: restore it
├── ApiUnavailable           no usable answer from the API in time: is it running?
├── ApiRefused               the API looked at the request and said no: change it
├── ReadTooLarge             a read would have to look at too much: ask for less
├── LogRewound               a place that is read on from lies beyond the log: it was restored, or is another
├── ProjectionDropped        a projection that is read is dropped: rebuild it
├── ProjectionUnknown        there is no projection of that name
├── ProjectionOutdated       the live version was made by other code: rebuild it
├── ProjectionInUse          views of others are defined on its tables: drop those first
├── ProjectionDiffers        a rebuilt version is not equal to a replay: it did not go live
├── ProjectionFailed         its own SQL is broken: mend it, and rebuild again
├── OperationRefused         a rebuild, verify or drop of it is under way: wait, or cancel that one
├── OperationCancelled       somebody wanted it to end
├── OperationLost            its session was cut and another one took its place
├── QuestionRefused          a statement or its parameters cannot even be asked: change them
│   └── QuestionUnknown      there is no saved question of that name
├── StatementFailed          PostgreSQL refused an auditor's statement, or it ran into a limit: change it
├── AuditUnavailable         nobody can log in who may read the audit views and nothing else: see why
│   └── AuditBusy            as many statements run as may at once: try again
├── SchemaMismatch           the database and this code do not fit: migrate, or upgrade
│   └── LogIncomplete        tables or deliveries are missing: restore it once more, whole
├── RightsMissing            our login may not do what is needed: an administrator runs the statements
└── EmbeddedServerError      the embedded PostgreSQL could not be started or stopped
"""

from collections.abc import Sequence
from typing import Literal

from eventlog.events import Fault


class EventlogError(Exception):
    """Root of every error that this product raises on purpose."""


class SettingsError(EventlogError):
    """A setting is missing or has a value that cannot be used."""


class Refused(EventlogError):
    """The content of a publish is not acceptable; nothing of it was taken.

    kind: "malformed" is no acceptable JSON at all, "invalid" is JSON but no acceptable event,
    "too_large" is over a limit. `code` is stable; `detail` never repeats what was sent.
    """

    def __init__(
        self,
        kind: Literal["malformed", "invalid", "too_large"],
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


class ApiUnavailable(EventlogError):
    """The API at `url` gave no usable answer within the attempts and the time allowed.

    `answered`: it did say why.
    """

    def __init__(self, url: str, reason: str, attempts: int = 1, *, answered: bool = False) -> None:
        self.url = url
        self.reason = reason
        self.attempts = attempts
        tried = "" if attempts == 1 else f" after {attempts} attempts"
        super().__init__(
            f"{url} answered {reason}"
            if answered
            else f"no answer from {url}{tried}: {reason} (is `eventlog up` running?)"
        )


class ApiRefused(EventlogError):
    """The API answered 4xx: the request can never succeed as it is."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"refused with {status} {code}: {detail}")


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


class ProjectionDropped(EventlogError):
    """The projection `name` is dropped: the log has all of it, and a rebuild brings it back."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"projection {name} is dropped; a rebuild brings it back")


class ProjectionUnknown(EventlogError):
    """There is no projection `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no projection {name!r}: `eventlog projections list` or GET /projections has them, "
            "and EVENTLOG_PROJECTIONS names the code of your own"
        )


class ProjectionOutdated(EventlogError):
    """The live version of `name` was made by other code than this, so this code cannot replay it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"projection {name} was made by other code than this: `eventlog rebuild {name}`")


class ProjectionInUse(EventlogError):
    """Somebody's views are defined on the tables of one version, which are to be dropped."""

    def __init__(self, schema: str, views: Sequence[str]) -> None:
        self.views = list(views)
        super().__init__(
            f"defined on tables of {schema}: {', '.join(views)}; define these on the stable views instead"
        )


class ProjectionDiffers(EventlogError):
    """A version of `name` differs from a replay of the log, in `differing`."""

    def __init__(self, name: str, differing: Sequence[str]) -> None:
        self.differing = list(differing)
        super().__init__(f"projection {name} is not what a replay of the log gives: {'; '.join(differing)}")


class ProjectionFailed(EventlogError):
    """A rebuild of `name` met an error that is its own SQL's."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"projection {name} cannot be rebuilt: {cause}; the live version stays")


class OperationRefused(EventlogError):
    """Another operation on the projection is under way."""

    def __init__(self, projection: str, kind: str, id: str) -> None:
        self.id = id
        super().__init__(f"a {kind} of projection {projection} is under way: operation {id}")


class OperationCancelled(EventlogError):
    """An operation ended before its time because somebody wanted it to."""

    def __init__(self) -> None:
        super().__init__("cancelled")


class OperationLost(EventlogError):
    """An operation's session was cut, and another operation has taken its place."""

    def __init__(self) -> None:
        super().__init__("the session of this operation was cut, and another one has taken its place")


class QuestionRefused(EventlogError):
    """A statement or its parameters cannot even be asked; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


class QuestionUnknown(QuestionRefused):
    """There is no saved question `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "question_unknown",
            f"there is no saved question {name[:100]!r}: `eventlog sql --list` or GET /sql/questions "
            "has them",
        )


class StatementFailed(EventlogError):
    """An auditor's statement failed: by its own fault, or because it ran into a limit.

    `position` counts characters of the statement from 1.
    """

    def __init__(
        self, code: str, sqlstate: str, message: str, *, hint: str | None = None, position: int | None = None
    ) -> None:
        self.code = code
        self.sqlstate = sqlstate
        self.message = message
        self.hint = hint
        self.position = position
        super().__init__(message)


class AuditUnavailable(EventlogError):
    """No session can be had that may read the audit views and do nothing else."""


class AuditBusy(AuditUnavailable):
    """As many statements of auditors run as may at once, or as many run over their time as may at all."""

    def __init__(self, *, overrunning: bool = False) -> None:
        super().__init__(
            "as many statements as may run over their time, in functions that PostgreSQL cannot interrupt; "
            "`eventlog doctor` names them"
            if overrunning
            else "as many statements run as may at once; try again"
        )


class SchemaMismatch(EventlogError):
    """The schema in the database is not the one that this code needs."""


class LogIncomplete(SchemaMismatch):
    """Something of the log is missing, as after a restore that met errors: restore it again, whole."""


class RightsMissing(EventlogError):
    """Our login may not do what is needed; the message holds what an administrator has to run."""


class EmbeddedServerError(EventlogError):
    """The embedded PostgreSQL could not be started, found or stopped."""
