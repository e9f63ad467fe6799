"""What can go wrong between a command and the API that it talks to."""

from eventlog.errors import EventlogError


class OutputClosed(EventlogError):
    """Standard output was closed when we began, and there are data to write."""

    def __init__(self) -> None:
        super().__init__("cannot write the output: standard output is closed")


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
