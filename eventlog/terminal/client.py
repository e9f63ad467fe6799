"""Ask the API, for the commands that read. Nothing is retried: somebody waits for the answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

import aiohttp
import msgspec

from eventlog.errors import SettingsError
from eventlog.settings import load_settings
from eventlog.terminal.errors import ApiRefused, ApiUnavailable
from eventlog.tls.access import NOTHING, Access, access_of, explained

NDJSON = "application/x-ndjson"
# A little more than the API gives the database.
TIMEOUT = aiohttp.ClientTimeout(total=35.0, sock_connect=5.0)
# A stream has no end, and gives a sign of life every 15 s.
STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=45.0)


class ProblemDocument(msgspec.Struct):
    """The fields of a problem document that people need."""

    code: str = ""
    detail: str = ""


class ApiAnswer(msgspec.Struct, frozen=True):
    """A 2xx answer, and the cursor of the next page while there may be more now."""

    body: bytes
    cursor: str | None


class ReadingClient:
    """Speaks to one API. Use as an async context manager."""

    def __init__(self, url: str, access: Access = NOTHING) -> None:
        self.url = url.rstrip("/")
        self._access = access

    async def __aenter__(self) -> "ReadingClient":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._access.context(self.url)),
            headers={"User-Agent": "eventlog", "Accept": "application/json", **self._access.headers},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str, **query: str | int | None) -> ApiAnswer:
        """Return what a path answers.

        Raises ApiUnavailable when nothing usable comes, ApiRefused for a 4xx, SettingsError when
        the URL is none.
        """
        async with self._opened(path, query) as response:
            return await self._judge(response)

    async def lines(self, path: str, **query: str | int | None) -> AsyncGenerator[bytes, None]:
        """Yield the lines of an answer that has no end as they come; what is cut off is no line.

        Raises as get() does, and ApiUnavailable when the connection is lost or silent for too long.
        """
        async with self._opened(path, query, {"Accept": NDJSON}, STREAM_TIMEOUT) as response:
            if response.status != 200:
                await self._judge(response)
            rest = b""
            async for piece in response.content.iter_any():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    yield line

    @asynccontextmanager
    async def _opened(
        self,
        path: str,
        query: dict[str, str | int | None],
        headers: dict[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109  aiohttp's own, of several limits
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, and translate what goes wrong then and while the answer is read."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        # aiohttp leaves out what cannot be encoded, and would ask for another topic.
        "".join(given.values()).encode()
        try:
            async with self._session.get(
                self.url + path,
                params=given or None,
                allow_redirects=False,
                headers=headers,
                timeout=timeout or TIMEOUT,
            ) as response:
                yield response
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise SettingsError(
                f"EVENTLOG_URL: {self.url!r} is not a URL: write http://host:port or https://host:port"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise ApiUnavailable(self.url, reason_of(error)) from None
        except TimeoutError:
            raise ApiUnavailable(self.url, "no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ApiUnavailable(self.url, str(error) or type(error).__name__) from None

    async def _judge(self, response: aiohttp.ClientResponse) -> ApiAnswer:
        body = await response.read()
        if response.status == 200:
            has_more = "next" in response.links
            return ApiAnswer(body, response.headers.get("Eventlog-Cursor") if has_more else None)
        problem = read_problem(body)
        if problem is None:
            raise ApiUnavailable(
                self.url, f"what listens there answered {response.status}, not as eventlog would"
            )
        if response.status < 500:
            raise ApiRefused(response.status, problem.code, problem.detail)
        reason = f"{response.status} {problem.code}: {problem.detail}"
        raise ApiUnavailable(self.url, reason, answered=True)


def ask(url: str | None, path: str, **query: str | int | None) -> bytes:
    """Return the body of one answer, of the API at `url` or that of the settings. Raises as get() does."""

    async def asked() -> bytes:
        settings = load_settings(url=url)
        async with ReadingClient(settings.url, access_of(settings)) as client:
            return (await client.get(path, **query)).body

    return asyncio.run(asked())


def reason_of(error: aiohttp.ClientConnectorError) -> str:
    """Say why no connection came to be, and what to do."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return explained(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return explained(error.os_error)
    return str(error.strerror or error)


def read_problem(body: bytes) -> ProblemDocument | None:
    """Read a problem document; None when the answer is something else, as from a proxy in between."""
    try:
        problem = msgspec.json.decode(body, type=ProblemDocument)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return problem if problem.code else None
