"""Who sends a request, what it was addressed to, and whether it may come in.

Where a request has no key, what keeps a web page in somebody's browser from reading and writing this log is
that a request must name a host that we are (no DNS rebinding), and must not come from a foreign page. There
is no CORS: no page of another origin reads or writes here, and none is told that it may.

A browser says `Sec-Fetch-Site`, and no page can forge it; over plain HTTP it does not say it, and the origin
is compared with the host. A program says neither.
"""

import re
import socket
from typing import Any

import msgspec

from api.errors import Problem
from api.http.forwarded import Forwarded, read_forwarded
from eventlog.addresses import (
    NOWHERE,
    UNIX,
    Address,
    Authority,
    Hosts,
    TrustedPeers,
    address,
    authority,
    shown,
)
from eventlog.addresses import hosts as read_hosts
from eventlog.addresses import peers as read_peers
from eventlog.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost"})
WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104  nothing is bound: it is what may have been
# Probes and scrapers come by whatever address they have; these tell counts, and nothing of the events.
FOR_ANY_HOST = frozenset({"/livez", "/readyz", "/health", "/metrics"})
OF_BROWSERS = frozenset(
    {b"origin", b"purpose", b"sec-purpose", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"}
)
READING_METHODS = frozenset({"GET", "HEAD"})
ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@]+)")
PORTS = {"http": 80, "https": 443}


class RequestOrigin(msgspec.Struct, frozen=True):
    """Where a request comes from.

    client: an address; `unix` for who comes through a socket in a file, `unknown` for who is gone already.
    host: what the client addressed, as far as it is known. scheme: None where a proxy may speak another one
    with the client. prefix: the path below which a proxy offers the service, without a slash at its end.
    """

    client: str
    host: Authority
    scheme: str | None
    prefix: str


def client_of(scope: Any) -> str:
    """Return the client's address, or `unix`; never a text of the sender's."""
    request_origin: RequestOrigin = scope["request_origin"]
    return request_origin.client


def reference(scope: Any, path: str) -> str:
    """Return a link to a path of this service that also leads there from behind a proxy.

    Where the proxy does not say below which path it offers the service, the link is relative to the request.
    """
    request_origin: RequestOrigin = scope["request_origin"]
    if request_origin.prefix:
        return request_origin.prefix + path
    depth: int = scope["raw_path"].count(b"/") - 1
    return "../" * depth + path[1:]


class TrustPolicy:
    """The hosts that we answer for, and the proxies that we believe."""

    def __init__(self, allowed: Hosts, trusted: TrustedPeers, bound: str) -> None:
        self._allowed = allowed
        self._trusted = trusted
        self._bound = bound.lower()

    @classmethod
    def of(cls, settings: Settings) -> "TrustPolicy":
        """Return the policy that the settings describe."""
        return cls(read_hosts(settings.allowed_hosts), read_peers(settings.trusted_proxies), settings.host)

    def check(self, scope: Any, *, identified: bool = False) -> None:
        """Put into the scope where a request comes from; raise the Problem of one that must not come in.

        identified: it has a key, which no page can have a browser send, and so may name any host.
        """
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1:
            raise Problem("duplicate_host", "a request has one Host header")
        named = hosts[0] if hosts else None
        request_origin = scope["request_origin"] = self._request_origin(
            scope, None if named is None else authority(named)
        )
        if identified:
            return
        if not _is_for_any_host(scope):
            self._require_host(scope, request_origin, named)
        said = _said_by_browser(scope["headers"])
        if said and not _is_navigation(scope["method"], said):
            _require_own_origin(said, request_origin)

    def _request_origin(self, scope: Any, host: Authority | None) -> RequestOrigin:
        peer = _peer(scope)
        said = read_forwarded(scope["headers"], peer, self._trusted) if peer in self._trusted else Forwarded()
        return RequestOrigin(
            said.hop.client or peer,
            said.hop.host or host or NOWHERE,
            said.hop.scheme or ("https" if scope["scheme"] == "https" else None),
            said.prefix,
        )

    def _require_host(self, scope: Any, request_origin: RequestOrigin, named: str | None) -> None:
        """Hold that we are what the request names, and what a proxy says that its client named.

        Both, because a proxy that does not set X-Forwarded-Host passes on what a page wrote there.
        """
        host = NOWHERE if named is None else authority(named)
        # A proxy that tells what its client named may itself call us as it likes; but by a name without a
        # dot, since one with dots may be a page's.
        internal = host is not None and request_origin.host != host and "." not in str(host)
        if host is None or not (internal or self._is_ours(host.host, scope["server"])):
            raise _misdirected("the Host header names " + ("no host" if named is None else shown(named)))
        if request_origin.host != host and not self._is_ours(request_origin.host.host, scope["server"]):
            raise _misdirected(f"the client of a trusted proxy named {shown(str(request_origin.host))}")

    def _is_ours(self, host: str, server: Any) -> bool:
        if host in LOOPBACK_NAMES or host == self._bound or host in self._allowed:
            return True
        given = address(host)
        if given is None:
            return False
        own = None if server is None else address(server[0])
        return given.is_loopback or given == own or (self._bound in WILDCARDS and _is_own(given))


def _misdirected(what: str) -> Problem:
    return Problem(
        "host_not_allowed",
        f"{what}, which this service does not answer for; EVENTLOG_ALLOWED_HOSTS adds hosts",
    )


def _is_for_any_host(scope: Any) -> bool:
    # OPTIONS tells which methods a route has; haproxy asks so whether a server lives, and names none.
    method = scope["method"]
    return method == "OPTIONS" or (method in READING_METHODS and scope["path"] in FOR_ANY_HOST)


def _peer(scope: Any) -> str:
    """Return the peer's address, in its one spelling."""
    client, server = scope["client"], scope["server"]
    if client is None:
        return UNIX if server is None or server[1] is None else "unknown"
    return str(address(client[0]) or "unknown")


def _is_own(given: Address) -> bool:
    """Say whether an address is one of this machine's: those are what can be bound to."""
    if given.is_multicast or given.is_reserved or given.is_unspecified:
        return False
    family = socket.AF_INET if given.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as trying:
        try:
            trying.bind((str(given), 0))
        except OSError:
            return False
    return True


def _said_by_browser(headers: Any) -> dict[bytes, bytes]:
    """Return what a browser says of the page that sends this; said twice, it is neither of both."""
    said: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in OF_BROWSERS:
            said[name] = said[name] + b", " + value if name in said else value
    return said


def _is_navigation(method: str, headers: dict[bytes, bytes]) -> bool:
    """Say whether somebody follows a link to here, in a tab of its own; not so a page that fetches ahead."""
    return (
        method in READING_METHODS
        and headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
        and headers.keys().isdisjoint((b"sec-purpose", b"purpose"))
    )


def _require_own_origin(headers: dict[bytes, bytes], request_origin: RequestOrigin) -> None:
    site = headers.get(b"sec-fetch-site")
    if site == b"same-origin":
        return
    if site is not None and site != b"none":
        raise _foreign(f"the browser says that a page of another origin sends this ({_text(site)})")
    origin = headers.get(b"origin")
    if origin is not None and not _is_own_origin(origin.decode("latin-1"), request_origin):
        raise _foreign(
            f"the page that sends this is of {_text(origin)}, and this service was addressed as "
            f"{shown(str(request_origin.host))}{_spoken(request_origin)}; where these should be one, "
            "the proxy in between has to pass on Host with its port, or say X-Forwarded-Host and "
            "X-Forwarded-Proto and be one of EVENTLOG_TRUSTED_PROXIES"
        )


def _foreign(what: str) -> Problem:
    return Problem("foreign_origin", f"{what}. Pages of other origins may not use it: there is no CORS")


def _text(value: bytes) -> str:
    return shown(value.decode("latin-1"))


def _spoken(request_origin: RequestOrigin) -> str:
    return "" if request_origin.scheme is None else f" by {request_origin.scheme}"


def _is_own_origin(origin: str, request_origin: RequestOrigin) -> bool:
    found = ORIGIN.fullmatch(origin)
    theirs = authority(found["host"]) if found else None
    if found is None or theirs is None:
        return False
    scheme = request_origin.scheme or found["scheme"]
    port = theirs.port or PORTS[found["scheme"]]
    return (found["scheme"], theirs.host, port) == (
        scheme,
        request_origin.host.host,
        request_origin.host.port or PORTS[scheme],
    )
