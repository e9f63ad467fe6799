"""What is believed of the headers that proxies write: who the client is, and what it asked for."""

import json
from collections.abc import Iterator, Sequence

import httpx2
import psycopg
import pytest

from api.http.forwarded import HOPS_MAX
from api.http.request_origin import RequestOrigin, TrustPolicy
from eventlog.addresses import hosts, peers
from eventlog.embedded import EmbeddedServer
from tests.support.api import running_api
from tests.support.events import event
from tests.support.postgres import at_database, cloned_database

FOR = "X-Forwarded-For"
TRUSTED = "10.0.0.0/8, ::1, 192.168.1.1, unix"


def request_origin(
    *headers: tuple[str, str],
    peer: str = "10.0.0.1",
    trusted: str = TRUSTED,
    host: str = "log.example",
    path: str = "/stats",
) -> RequestOrigin:
    """Return what is found out about a request; raises its Problem."""
    scope = {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "scheme": "http",
        "client": None if peer == "unix" else (peer, 50000),
        "server": ("/run/api.socket", None) if peer == "unix" else ("10.0.0.2", 8080),
        "headers": [
            (b"host", host.encode()),
            *((n.lower().encode(), v.encode("latin-1")) for n, v in headers),
        ],
    }
    TrustPolicy(hosts("log.example"), peers(trusted), "10.0.0.2").check(scope)
    found = scope["request_origin"]
    assert isinstance(found, RequestOrigin)
    return found


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([], "10.0.0.1"),
        ([(FOR, "192.0.2.7")], "192.0.2.7"),
        ([(FOR, " 192.0.2.7 ")], "192.0.2.7"),
        ([(FOR, "192.0.2.7:50123")], "192.0.2.7"),
        ([(FOR, "[2001:DB8::7]:50123")], "2001:db8::7"),
        ([(FOR, "[2001:db8::7]")], "2001:db8::7"),
        ([(FOR, "2001:db8:0:0::7")], "2001:db8::7"),
        ([(FOR, "::ffff:192.0.2.7")], "192.0.2.7"),
        ([(FOR, "fe80::1%eth0")], "fe80::1"),
        # From the right, through those who are trusted.
        ([(FOR, "6.6.6.6, 192.0.2.7")], "192.0.2.7"),
        ([(FOR, "6.6.6.6, 192.0.2.7, 10.9.9.9, 192.168.1.1")], "192.0.2.7"),
        ([(FOR, "6.6.6.6"), (FOR, "192.0.2.7"), (FOR, "10.9.9.9")], "192.0.2.7"),
        ([(FOR, "10.1.1.1, 10.2.2.2")], "10.1.1.1"),
        # What is no address hides what is behind it.
        ([(FOR, "6.6.6.6, unknown")], "10.0.0.1"),
        ([(FOR, "6.6.6.6, evil'; DROP TABLE inbox, 10.5.5.5")], "10.5.5.5"),
        ([(FOR, "")], "10.0.0.1"),
        ([(FOR, ",,,")], "10.0.0.1"),
        ([(FOR, "192.0.2.7,")], "10.0.0.1"),
        ([(FOR, "localhost")], "10.0.0.1"),
        ([(FOR, "unix")], "10.0.0.1"),
        ([(FOR, "192.0.2.7/24")], "10.0.0.1"),
        ([(FOR, "192.0.2.999")], "10.0.0.1"),
        ([(FOR, "192.0.2.7 192.0.2.8")], "10.0.0.1"),
        ([(FOR, "fe80::1%" + "x" * 5000)], "10.0.0.1"),
        ([(FOR, "\x1b[31m192.0.2.7")], "10.0.0.1"),
        ([(FOR, "\xff\xfe")], "10.0.0.1"),
        # RFC 7239.
        ([("Forwarded", "for=192.0.2.7")], "192.0.2.7"),
        ([("Forwarded", 'For="[2001:db8:cafe::17]:4711"')], "2001:db8:cafe::17"),
        ([("Forwarded", "for=6.6.6.6, for=192.0.2.7;proto=https;by=203.0.113.4, for=10.3.3.3")], "192.0.2.7"),
        ([("Forwarded", "for=_hidden")], "10.0.0.1"),
        ([("Forwarded", 'for="6.6.6.6, for=192.0.2.7')], "192.0.2.7"),
        ([("Forwarded", "for = ; ; =,=")], "10.0.0.1"),
        # Both: believed where they agree, and neither where one is forged.
        ([("Forwarded", "for=192.0.2.7"), (FOR, "192.0.2.7")], "192.0.2.7"),
        ([("Forwarded", "for=6.6.6.6"), (FOR, "192.0.2.7")], "10.0.0.1"),
        ([("X-Real-IP", "6.6.6.6"), ("Client-IP", "6.6.6.6")], "10.0.0.1"),
    ],
)  # fmt: skip
def test_the_client_is_the_first_that_is_no_proxy_of_ours(
    headers: Sequence[tuple[str, str]], client: str
) -> None:
    assert request_origin(*headers).client == client


def test_who_is_not_trusted_is_the_client_whatever_it_says() -> None:
    said = [(FOR, "6.6.6.6"), ("Forwarded", "for=6.6.6.6;host=log.example;proto=https")]
    said += [
        ("X-Forwarded-Host", "log.example:99"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/x"),
    ]
    for peer, trusted in (("192.0.2.1", TRUSTED), ("10.0.0.1", ""), ("127.0.0.1", ""), ("::1", "")):
        found = request_origin(*said, peer=peer, trusted=trusted)
        assert (found.client, str(found.host), found.scheme, found.prefix) == (peer, "log.example", None, "")


def test_peers_are_known_in_any_spelling_and_by_their_socket() -> None:
    for peer in ("10.0.0.1", "::ffff:10.0.0.1", "::1", "unix"):
        assert request_origin((FOR, "192.0.2.7"), peer=peer).client == "192.0.2.7"
    assert request_origin((FOR, "192.0.2.7"), peer="unix", trusted="10.0.0.0/8").client == "unix"
    assert request_origin((FOR, "192.0.2.7"), peer="fe80::9%eth0", trusted="fe80::/10").client == "192.0.2.7"


def test_a_chain_is_followed_so_far_and_no_farther() -> None:
    chain = ", ".join(["6.6.6.6", *["10.4.4.4"] * 1000])
    assert request_origin((FOR, chain)).client == "10.4.4.4"
    assert (
        request_origin((FOR, ", ".join(["192.0.2.7", *["10.4.4.4"] * (HOPS_MAX - 1)]))).client == "192.0.2.7"
    )


@pytest.mark.parametrize(
    ("headers", "host", "scheme"),
    [
        ([], "log.example", None),
        ([("Host", "log.example:8443")], "log.example:8443", None),
        ([("Proto", "https")], "log.example", "https"),
        ([("Proto", "HTTPS"), ("Host", "LOG.example.")], "log.example", "https"),
        ([("Proto", "gopher"), ("Host", "log example")], "log.example", None),
        ([("Host", "log.example"), ("Port", "8443")], "log.example:8443", None),
        ([("Host", "log.example:1"), ("Port", "8443")], "log.example:1", None),
        ([("Host", "log.example"), ("Port", "99999")], "log.example", None),
        ([("Host", "log.example"), ("Port", "-1")], "log.example", None),
        # Where each proxy adds its own, that of the outermost trusted one counts.
        ([("For", "192.0.2.7"), ("Proto", "https, http")], "log.example", "http"),
        ([("For", "192.0.2.7, 10.1.1.1"), ("Proto", "https, http")], "log.example", "https"),
        ([("For", "192.0.2.7, 10.1.1.1"), ("Proto", "https")], "log.example", "https"),
        ([("For", "6.6.6.6, 192.0.2.7"), ("Host", "localhost, log.example:7")], "log.example:7", None),
    ],
)
def test_what_the_client_asked_for_is_what_the_proxy_says(
    headers: Sequence[tuple[str, str]], host: str, scheme: str | None
) -> None:
    found = request_origin(*((f"X-Forwarded-{name}", value) for name, value in headers))
    assert (str(found.host), found.scheme) == (host, scheme)


def test_the_standard_header_says_the_same() -> None:
    found = request_origin(("Forwarded", 'for=192.0.2.7;proto=https;host="log.example:8443";by=_x'))
    assert (str(found.host), found.scheme) == ("log.example:8443", "https")


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ("/log", "/log"),
        ("/log/", "/log"),
        ("/team-a/log", "/team-a/log"),
        ("/", ""),
        ("log", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("/log//evil", ""),
        ("/log/../..", ""),
        ("/./log", ""),
        ("https://evil.example", ""),
        ("/log>; rel=next", ""),
        ("/log?x", ""),
        ("/log#x", ""),
        ("/%2e%2e", ""),
        ("/a, /b", ""),
        ("/" + "x" * 300, ""),
    ],
)
def test_a_prefix_is_a_plain_path_or_nothing(given: str, prefix: str) -> None:
    assert request_origin(("X-Forwarded-Prefix", given)).prefix == prefix


def test_who_asks_in_sql_is_recorded_by_an_address_alone(database: str) -> None:
    def asked(**headers: str) -> None:
        answer = client.post("/sql", json={"sql": "SELECT 1"}, headers=headers)
        assert answer.status_code == 200, answer.text

    forged = {"X-Forwarded-For": "someone else" * 300, "Forwarded": "for=6.6.6.6"}
    with running_api(database, workers=0) as url, httpx2.Client(base_url=url, timeout=15) as client:
        asked(**forged)
    with (
        running_api(database, workers=0, trusted_proxies="127.0.0.1") as url,
        httpx2.Client(base_url=url, timeout=15) as client,
    ):
        asked(**forged)
        asked(**{"X-Forwarded-For": "6.6.6.6, 192.0.2.7"})
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT who FROM eventlog.console_statements ORDER BY id").fetchall()
    assert [who for (who,) in rows] == ["127.0.0.1", "127.0.0.1", "192.0.2.7"]


@pytest.fixture(scope="module")
def behind(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Serve behind a proxy on loopback, whose name for us is not that of our clients."""
    with (
        cloned_database(server, template) as name,
        running_api(
            at_database(server.dsn, name), workers=0, trusted_proxies="127.0.0.1", allowed_hosts="log.example"
        ) as url,
    ):
        yield url


BROWSER = {"X-Forwarded-For": "192.0.2.7", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "log.example"}, 202),
        ({"Host": "log.example", "Origin": "https://log.example"}, 202),
        ({"Host": "log.example", "Origin": "http://log.example"}, 202),
        ({"Host": "log.example:443", "Origin": "https://log.example"}, 202),
        ({"Host": "log.example:80", "Origin": "http://log.example"}, 202),
        ({"Host": "log.example:80", "Origin": "https://log.example"}, 403),
        ({"Host": "LOG.example", "Origin": "https://log.example"}, 202),
        # The port is lost on the way, and the browser says nothing of its own.
        ({"Host": "log.example", "Origin": "https://log.example:8443"}, 403),
        ({"Host": "log.example", "Origin": "https://log.example:8443", "X-Forwarded-Port": "8443",
          "X-Forwarded-Host": "log.example", "X-Forwarded-Proto": "https"}, 202),
        ({"Host": "log.example", "Origin": "https://log.example:8443",
          "X-Forwarded-Host": "log.example:8443"}, 202),
        ({"Host": "log.example", "Origin": "https://log.example:8443", "Sec-Fetch-Site": "same-origin"}, 202),
        # A page over http is another origin than the service over https.
        ({"Host": "log.example", "Origin": "http://log.example", "X-Forwarded-Proto": "https"}, 403),
        # The name of an upstream: whatever nginx is configured with.
        ({"Host": "upstream", "X-Forwarded-Host": "log.example", "Origin": "https://log.example"}, 202),
        ({"Host": "upstream"}, 421),
        ({"Host": "upstream", "X-Forwarded-Host": "evil.example"}, 421),
        # A page that has its own name resolved to here may write any header, and its name has a dot.
        ({"Host": "evil.example", "X-Forwarded-Host": "localhost"}, 421),
        ({"Host": "evil.example", "Forwarded": "host=localhost"}, 421),
        ({"Host": "127.0.0.1", "X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}, 421),
        ({"Host": "log.example", "Origin": "https://evil.example", "X-Forwarded-Host": "log.example"}, 403),
        ({"Host": "log.example", "Origin": "null"}, 403),
        ({"Host": "log.example", "Origin": "https://log.example.evil.example"}, 403),
        ({"Host": "log.example", "Origin": "https://log.example@evil.example"}, 403),
        ({"Host": "log.example", "Origin": "log.example"}, 403),
        ({"Host": "log.example", "Origin": ""}, 403),
        ({"Host": "log.example", "Origin": "ftp://log.example"}, 403),
    ],
)  # fmt: skip
def test_a_page_may_publish_to_its_own_origin_as_the_browser_sees_it(
    behind: str, headers: dict[str, str], status: int
) -> None:
    answer = httpx2.post(f"{behind}/publish", json=event(), headers={**BROWSER, **headers})
    assert answer.status_code == status, answer.text


def test_the_refusal_names_both_and_what_to_set(behind: str) -> None:
    answer = httpx2.post(
        f"{behind}/publish",
        json=event(),
        headers={"Host": "log.example", "Origin": "https://log.example:8443", "X-Forwarded-Proto": "https"},
    )
    detail = answer.json()["detail"]
    assert "'https://log.example:8443'" in detail
    assert "'log.example' by https" in detail
    assert "EVENTLOG_TRUSTED_PROXIES" in detail
    long = httpx2.post(f"{behind}/publish", json=event(), headers={"Origin": "https://" + "x" * 9000})
    assert len(long.json()["detail"]) < 700


def test_links_are_below_the_prefix_that_a_trusted_proxy_says(behind: str) -> None:
    events = [event(event_id=str(number)) for number in range(3)]
    said = {"X-Forwarded-Prefix": "/log"}
    with httpx2.Client(base_url=behind, timeout=15) as client:
        assert client.post("/publish", json=events).status_code == 202
        assert client.get("/", headers=said).json()["routes"]["events"] == "/log/events"
        begun = client.post("/projections/core/verify", headers=said)
        assert begun.headers["location"] == f"/log/operations/{begun.json()['operation']}"
        for forged in ("//evil.example", "/log\\evil", "https://evil.example"):
            answer = client.get("/", headers={"X-Forwarded-Prefix": forged})
            assert "evil" not in json.dumps(answer.json())
