"""What can go wrong, one class per thing that a caller can do something about.

EventlogError
├── SettingsError            a setting is missing or wrong: change it
├── Refused                  the content of a publish is not acceptable: mend it
├── ContentRefused           PostgreSQL refused what the door let in: a bug of the door, and a bad event
├── DatabaseUnavailable      away, starting, out of connections: try again
│   └── OutcomeUnknown       the commit was sent and its answer lost: publish again, same event_id
├── QueueFull                the writer has too much to do: try again later
├── DiskFull                 PostgreSQL has no room left: free some
├── ApiUnavailable           no usable answer from the API in time: is it running?
├── ApiRefused               the API looked at the request and said no: change it
├── ProjectionDropped        a projection that is read is dropped: rebuild it
├── SchemaMismatch           the database and this code do not fit: migrate, or upgrade
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


class OutcomeUnknown(DatabaseUnavailable):
    """COMMIT was sent, its answer never came: the deliveries may or may not be in the log."""


class QueueFull(EventlogError):
    """The writer's queue is at its bound, in bytes or in events."""


class DiskFull(EventlogError):
    """PostgreSQL refused to write for want of room (SQLSTATE 53100)."""


class ApiUnavailable(EventlogError):
    """The API at `url` gave no usable answer within the attempts and the time allowed."""

    def __init__(self, url: str, reason: str, attempts: int = 1) -> None:
        self.url = url
        self.reason = reason
        self.attempts = attempts
        tried = "" if attempts == 1 else f" after {attempts} attempts"
        super().__init__(f"no answer from {url}{tried}: {reason} (is `eventlog up` running?)")


class ApiRefused(EventlogError):
    """The API answered 4xx: the request can never succeed as it is."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"refused with {status} {code}: {detail}")


class ProjectionDropped(EventlogError):
    """The projection `name` is dropped: the log has all of it, and a rebuild brings it back."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"projection {name} is dropped; a rebuild brings it back")


class SchemaMismatch(EventlogError):
    """The schema in the database is not the one that this code needs."""


class EmbeddedServerError(EventlogError):
    """The embedded PostgreSQL could not be started, found or stopped."""
