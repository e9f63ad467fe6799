"""What can go wrong for somebody who publishes, beside eventlog.errors.ApiUnavailable.

EventlogError
├── ShipError           a file cannot be shipped: mend the file or the flags
└── PublishRefused      the API looked at the request and said no: sending it again cannot help
"""

from eventlog.errors import EventlogError


class PublishRefused(EventlogError):
    """The API answered 4xx; `body` is its problem document, for those who want every detail."""

    def __init__(self, status: int, code: str, detail: str, body: bytes) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.body = body
        super().__init__(f"refused with {status} {code}: {detail}")


class ShipError(EventlogError):
    """A file cannot be read, or its position cannot be kept."""
