"""What can go wrong for somebody who publishes.

EventlogError
├── ApiUnavailable      no usable answer from the API in time: is it running?
├── ShipError           a file cannot be shipped: mend the file or the flags
└── PublishRefused      the API looked at the content and said no: sending it again cannot help
"""

from eventlog.errors import ApiUnavailable, EventlogError

__all__ = ["ApiUnavailable", "PublishRefused", "ShipError"]


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
