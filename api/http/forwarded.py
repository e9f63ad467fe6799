"""What proxies say of a request that they pass on: `X-Forwarded-*`, and RFC 7239's `Forwarded`.

Anybody can write these headers. So they are read from the right, which is where each proxy adds what it saw,
and only through proxies that are trusted: the client is the first address that is not one of theirs. A proxy
adds to the headers that it knows, and passes on the others as its client wrote them; so where both kinds are
there and disagree, one of them is forged, and neither is believed.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from eventlog.addresses import Authority, TrustedPeers, address, authority

Headers = Iterable[tuple[bytes, bytes]]

NAMES = frozenset(
    {b"forwarded", *(b"x-forwarded-" + what for what in (b"for", b"proto", b"host", b"port", b"prefix"))}
)
# Nobody has as many proxies in a row; and what is looked at of a client's own words has a bound.
HOPS_MAX = 16
SCHEMES = ("http", "https")
_WITH_PORT = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<four>[^:\[\]]+))(?::[0-9]{1,5})?")
# Segments of what paths may have; none is empty, or leads upwards.
_PREFIX = re.compile(r"(?:/(?!\.{0,2}(?:/|$))[A-Za-z0-9._~!$&'()*+;=:@-]+)+")
PREFIX_LENGTH_MAX = 255


class Hop(msgspec.Struct, frozen=True):
    """What the outermost trusted proxy saw; None where it does not say."""

    client: str | None = None
    scheme: str | None = None
    host: Authority | None = None

    def contradicts(self, other: "Hop") -> bool:
        """Say whether both say something of one thing, and not the same."""
        hosts = tuple(each.host and each.host.host for each in (self, other))
        pairs = ((self.client, other.client), (self.scheme, other.scheme), hosts)
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


NOTHING = Hop()


class Forwarded(msgspec.Struct, frozen=True):
    """What is believed of them."""

    hop: Hop = NOTHING
    prefix: str = ""


def read_forwarded(headers: Headers, peer: str, trusted: TrustedPeers) -> Forwarded:
    """Read what a trusted peer sent."""
    lines: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name in NAMES:
            lines.setdefault(name, []).append(value.decode("latin-1"))
    if not lines:
        return Forwarded()
    values = {name: _from_the_right(",".join(given)) for name, given in lines.items()}
    standard = _standard(values.pop(b"forwarded", []), peer, trusted)
    usual = _usual(values, peer, trusted)
    if standard.contradicts(usual):
        return Forwarded()
    hop = Hop(usual.client or standard.client, usual.scheme or standard.scheme, usual.host or standard.host)
    return Forwarded(hop, _prefix(lines.get(b"x-forwarded-prefix", [])))


def _from_the_right(text: str) -> list[str]:
    """Return the last elements of a list, in their order."""
    return [element.strip() for element in text.rsplit(",", HOPS_MAX)[-HOPS_MAX:]]


def _usual(values: dict[bytes, list[str]], peer: str, trusted: TrustedPeers) -> Hop:
    client, depth = _client(values.get(b"x-forwarded-for", []), peer, trusted)

    def at(name: bytes) -> str:
        given = values.get(b"x-forwarded-" + name, [""])
        return given[-min(depth, len(given))]

    host = authority(at(b"host"))
    port = at(b"port")
    if host is not None and host.port is None and port.isascii() and port.isdigit():
        host = authority(f"{host}:{port}") or host
    return Hop(client, _scheme(at(b"proto")), host)


def _standard(elements: Sequence[str], peer: str, trusted: TrustedPeers) -> Hop:
    # Nothing that is read here needs a quoted comma, semicolon or backslash; a quote left open spoils an
    # element, and no other.
    told = [
        {
            name.strip().lower(): value.strip().strip('"')
            for name, _, value in (pair.partition("=") for pair in element.split(";"))
        }
        for element in elements
    ]
    client, depth = _client([each.get("for", "") for each in told], peer, trusted)
    if not told:
        return NOTHING
    there = told[-min(depth, len(told))]
    return Hop(client, _scheme(there.get("proto", "")), authority(there.get("host", "")))


def _client(elements: Sequence[str], peer: str, trusted: TrustedPeers) -> tuple[str | None, int]:
    """Return the first address from the right that is no trusted proxy's, and at which element it stands.

    What is no address hides who is behind it: then it is the last proxy that is known. None: nobody says.
    """
    client, depth = peer if elements else None, 0
    for element in reversed(elements):
        known = _node(element)
        if known is None:
            break
        client, depth = known, depth + 1
        if client not in trusted:
            break
    return client, max(1, depth)


def _node(text: str) -> str | None:
    """Return the address of a node, which may have a port."""
    found = address(text)
    if found is None and (match := _WITH_PORT.fullmatch(text)):
        found = address(match["six"] or match["four"])
    return None if found is None else str(found)


def _scheme(text: str) -> str | None:
    return text.lower() if text.lower() in SCHEMES else None


def _prefix(lines: Sequence[str]) -> str:
    """Return the path below which the proxy offers the service; empty where it is no plain path."""
    given = lines[0].strip().removesuffix("/") if len(lines) == 1 else ""
    return given if len(given) <= PREFIX_LENGTH_MAX and _PREFIX.fullmatch(given) else ""
