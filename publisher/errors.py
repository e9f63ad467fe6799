"""What can go wrong for somebody who publishes.

EventlogError
├── ApiUnavailable      no usable answer from the API in time: is it running?
├── ShipError           a file cannot be shipped: mend the file or the flags
└── PublishRefused      the API looked at the content and said no: sending it again cannot help
"""

from eventlog.errors import EventlogError


class ApiUnavailable(EventlogError):
    """The API at `url` gave no usable answer within the attempts and the time allowed."""

    def __init__(self, url: str, reason: str, attempts: int = 1) -> None:
        self.url = url
        self.reason = reason
        self.attempts = attempts
        tried = "" if attempts == 1 else f" after {attempts} attempts"
        super().__init__(f"no answer from {url}{tried}: {reason} (is `eventlog up` running?)")


class PublishRefused(EventlogError):
    """The API answered 4xx; `body` is its problem document, for those who want every detail."""

    def __init__(self, status: int, code: str, detail: str, body: bytes) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.body = body
        super().__init__(f"refused with {status} {code}: {detail}")


class ShipError(EventlogError):
    """A file cannot be read, or a flag does not fit it."""
