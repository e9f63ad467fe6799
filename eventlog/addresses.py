"""Hosts, addresses and networks as headers and settings write them. Computes, and asks nobody.

A host is kept in one spelling, so that two are the same where their texts are: a name in lower case, in
ASCII and without the root's dot, an address as Python writes it, an IPv4 address in IPv6's clothes as IPv4,
and no zone, which means something on one machine alone.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAME_LENGTH_MAX = 253
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ZONE = re.compile(r"[A-Za-z0-9._~-]{1,32}")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")

ANY = "*"
UNIX = "unix"


class Authority(msgspec.Struct, frozen=True):
    """A host and perhaps a port, as in a Host header; the host of one that names none is empty."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port is None else f"{shown}:{self.port}"


NOWHERE = Authority("")


def authority(text: str) -> Authority | None:
    """Return what a Host header or an origin names; None where it is neither a name nor an address."""
    found = _AUTHORITY.fullmatch(text.strip())
    if found is None:
        return None
    host = found["host"]
    known = _address_text(host[1:-1], version=6) if host.startswith("[") else _host(host)
    port = int(found["port"]) if found["port"] else None
    return None if known is None or (port or 0) > 65535 else Authority(known, port)


def address(text: str) -> Address | None:
    """Return an IP address, without its zone; None for any other text."""
    plain, percent, zone = text.strip().partition("%")
    if percent and not _ZONE.fullmatch(zone):
        return None
    try:
        found = ip_address(plain)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _address_text(text: str, version: int) -> str | None:
    found = address(text)
    return None if found is None or (version == 6 and ":" not in text) else str(found)


def _host(text: str) -> str | None:
    """Return a name or an IPv4 address in its one spelling."""
    name = text.lower().removesuffix(".")
    if len(name) > NAME_LENGTH_MAX or not _NAME.fullmatch(name):
        return None
    # What ends in a number is an address or nothing, also for browsers.
    return _address_text(name, version=4) if name.rpartition(".")[2].isdigit() else name


class Hosts(msgspec.Struct, frozen=True):
    """Hosts that somebody listed: names, all names below a domain, addresses, networks; or any at all."""

    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    any: bool = False

    def __contains__(self, host: str) -> bool:
        if self.any or host in self.names or host.endswith(self.domains):
            return True
        found = address(host)
        return found is not None and _lies_in(found, self.networks)


def hosts(text: str) -> Hosts:
    """Read a list such as `log.example, *.svc.cluster.local, 10.0.0.0/8, fd00::5`; raises ValueError."""
    names, domains, networks = set(), [], []
    for entry in _entries(text):
        if entry == ANY:
            continue
        found = _network(entry.removeprefix("[").removesuffix("]"))
        if found is not None:
            networks.append(found)
        elif entry.startswith("*."):
            domains.append(f".{_listed_name(entry, entry[2:])}")
        else:
            names.add(_listed_name(entry, entry))
    return Hosts(frozenset(names), tuple(domains), tuple(networks), ANY in _entries(text))


def _listed_name(entry: str, name: str) -> str:
    try:
        known = _host(name if name.isascii() else name.encode("idna").decode())
    except UnicodeError:
        known = None
    if known is None:
        raise ValueError(
            f"{shown(entry)} is no host: write a name such as log.example without scheme, port and path, "
            "*.example for all names below a domain, an address or a network, or * for any host"
        )
    return known


class TrustedPeers(msgspec.Struct, frozen=True):
    """Peers whose forwarding headers are believed: addresses, networks, clients of a socket in a file."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def __contains__(self, peer: str) -> bool:
        if not self.networks or peer == UNIX:
            return self.unix and peer == UNIX
        found = address(peer)
        return found is not None and _lies_in(found, self.networks)


def peers(text: str) -> TrustedPeers:
    """Read a list such as `10.1.2.3, 10.2.0.0/16, unix`; raises ValueError."""
    networks = []
    for entry in _entries(text):
        found = None if entry == UNIX else _network(entry)
        if found is not None:
            networks.append(found)
        elif entry != UNIX:
            raise ValueError(
                f"{shown(entry)} is no address: write addresses such as 10.1.2.3, networks such as "
                f"10.2.0.0/16, or {UNIX} for those who come through a socket in a file"
            )
    return TrustedPeers(tuple(networks), UNIX in _entries(text))


def shown(text: str, length_max: int = 100) -> str:
    """Return a stranger's text as it may stand in a message: bounded, with nothing in it that is not seen."""
    return ascii(text if len(text) <= length_max else f"{text[:length_max]}…")


def _entries(text: str) -> list[str]:
    return [entry.strip().lower() for entry in text.split(",") if entry.strip()]


def _network(text: str) -> Network | None:
    """Return an address or a network as a network; raises ValueError where it has bits beyond its mask."""
    if "/" not in text:
        found = address(text)
        return None if found is None else ip_network(found)
    if address(text.partition("/")[0]) is None:
        return None
    return ip_network(text)


def _lies_in(found: Address, networks: tuple[Network, ...]) -> bool:
    return any(found in network for network in networks)
