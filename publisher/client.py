"""Publish over HTTP: one session, raw bytes, the very same bytes at every attempt.

A batch is made once and never touched again, so every attempt carries the same event_ids and a retry
can at worst be stored as a duplicate. What an attempt came to is one of three: answered (2xx, or a
4xx that no retry can change), refused for now (surely not stored), or unknown (perhaps stored).
`Counters.perhaps_stored` adds up the last kind, so that whoever checks the server's books knows their bounds.
"""

import asyncio
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

import aiohttp

from eventlog.errors import SettingsError
from eventlog.terminal.client import read_problem, reason_of
from eventlog.terminal.errors import ApiUnavailable
from eventlog.tls.access import NOTHING, Access
from publisher.errors import PublishRefused
from publisher.retrying import is_retryable, may_be_stored, retry_after_seconds, wait_seconds

# Above 1 MiB aiohttp warns that one write holds up the loop; file objects go in pieces.
BODY_PIECEWISE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PublishAnswer:
    """A 2xx answer, not parsed: most callers need only its status."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that is worth another."""

    reason: str
    retry_after: float
    perhaps_stored: bool


@dataclass(slots=True)
class Counters:
    """Counts of the attempts of one client, over its life, by what came of them."""

    attempts: int = 0
    retries: int = 0
    perhaps_stored: int = 0  # events in attempts that failed with an unknown outcome


class Client:
    """Speak to one API. Use as an async context manager; safe for many tasks at once."""

    def __init__(
        self,
        url: str,
        *,
        access: Access = NOTHING,
        connections: int = 8,
        attempts_max: int | None = 10,
        deadline_seconds: float | None = 60.0,
        timeout_seconds: float = 30.0,
        on_retry: Callable[[str, float], None] | None = None,
    ) -> None:
        """Bound every call by attempts and by time; None for both tries for ever (`ship --follow`)."""
        self.url = url.rstrip("/")
        self._access = access
        self.counters = Counters()
        self._connections = connections
        self._attempts_max = attempts_max
        self._deadline_seconds = deadline_seconds
        self._timeout_seconds = timeout_seconds
        self._on_retry = on_retry
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Client":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=60.0, ssl=self._access.context(self.url)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout_seconds, sock_connect=5.0),
            headers={"User-Agent": "eventlog", **self._access.headers},
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def publish(self, body: bytes, *, events: int = 1, lenient: bool = False) -> PublishAnswer:
        """Publish a JSON array (or one event) and return once it is durable.

        Raises PublishRefused for content that no retry can mend, ApiUnavailable when attempts or time
        run out. `events` is how many the body holds, for the counters alone.
        """
        headers = {"Content-Type": "application/json"}
        if lenient:
            headers["Prefer"] = "handling=lenient"
        return await self._persist("POST", "/publish", headers, body, events)

    async def get(self, path: str, *, patience_seconds: float | None = 3.0) -> PublishAnswer:
        """Read a route; gives up after a few seconds, since somebody waits (None: as a publish)."""
        return await self._persist("GET", path, {}, None, 0, patience_seconds)

    async def _persist(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        events: int,
        patience_seconds: float | None = None,
    ) -> PublishAnswer:
        limit = patience_seconds if patience_seconds is not None else self._deadline_seconds
        deadline = None if limit is None else time.monotonic() + limit
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._attempt(method, path, headers, body)
            if isinstance(outcome, PublishAnswer):
                return outcome
            if outcome.perhaps_stored:
                self.counters.perhaps_stored += events
            wait = wait_seconds(attempt, outcome.retry_after)
            too_often = self._attempts_max is not None and attempt >= self._attempts_max
            if too_often or (deadline is not None and time.monotonic() + wait > deadline):
                raise ApiUnavailable(self.url + path, outcome.reason, attempt)
            self.counters.retries += 1
            if self._on_retry is not None:
                self._on_retry(outcome.reason, wait)
            await asyncio.sleep(wait)

    async def _attempt(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> PublishAnswer | Failure:
        assert self._session is not None, "use `async with Client(…)`"
        self.counters.attempts += 1
        data = io.BytesIO(body) if body is not None and len(body) >= BODY_PIECEWISE_BYTES else body
        try:
            async with self._session.request(
                method, self.url + path, data=data, headers=headers, allow_redirects=False
            ) as response:
                return self._judge(response, await response.read())
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise SettingsError(
                f"EVENTLOG_URL: {self.url!r} is not a URL ({error}): write http://host:port or https://host:port"
            ) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error, aiohttp.ClientSSLError) and self._attempts_max is not None:
                # Somebody waits, and most likely it is for them to mend.
                raise ApiUnavailable(self.url, reason_of(error)) from None
            return Failure(reason_of(error), 0.0, perhaps_stored=False)
        except TimeoutError as error:
            # Even a connect time-out comes as one of these; nothing was sent then.
            unsent = isinstance(error, aiohttp.ConnectionTimeoutError)
            return Failure(f"no answer within {self._timeout_seconds:g} s", 0.0, perhaps_stored=not unsent)
        except (aiohttp.ClientError, OSError) as error:
            return Failure(f"connection lost ({error or type(error).__name__})", 0.0, perhaps_stored=True)

    def _judge(self, response: aiohttp.ClientResponse, body: bytes) -> PublishAnswer | Failure:
        status = response.status
        if 200 <= status < 300:
            return PublishAnswer(status, body)
        problem = read_problem(body)
        code = problem.code if problem else None
        detail = (problem and problem.detail) or response.reason or "no reason given"
        if not is_retryable(status):
            if problem is None:
                raise ApiUnavailable(
                    self.url, f"what listens there answered {status}, and not as eventlog would"
                )
            raise PublishRefused(status, problem.code, detail, body)
        after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        return Failure(f"{status} {code or ''} {detail}".strip(), after, may_be_stored(status, code))
