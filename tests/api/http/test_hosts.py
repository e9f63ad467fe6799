"""Which hosts a request may name, in which spelling, and where any will do."""

import socket
from collections.abc import Iterator

import pytest

from eventlog.addresses import authority, hosts
from eventlog.embedded import EmbeddedServer
from eventlog.errors import SettingsError
from eventlog.settings import load_settings
from tests.support.api import running_api
from tests.support.postgres import at_database, cloned_database
from tests.support.raw_client import client_of, one_topic, request

LISTED = "Log.example., *.svc.cluster.local, 192.0.2.0/24, fd00::5, bücher.example"


@pytest.fixture(scope="module")
def api(server: EmbeddedServer, template: str) -> Iterator[str]:
    """Serve on all addresses, as in a container."""
    with (
        cloned_database(server, template) as name,
        running_api(
            at_database(server.dsn, name), workers=0, host="0.0.0.0", allowed_hosts=LISTED, auth="open"
        ) as url,
    ):
        yield url


def status(api: str, head: str) -> int:
    with client_of(api) as client:
        client.send(head.encode("latin-1") + b"\r\n\r\n")
        return int(client.link.recv(100).split()[1])


def own_address() -> str:
    """Return an address of this machine by which others reach it; loopback's where it has no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return str(asking.getsockname()[0])


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics"])
@pytest.mark.parametrize(
    "head",
    [
        "GET {} HTTP/1.0",
        "GET {} HTTP/1.1\r\nHost: 10.244.0.5:8080",
        "HEAD {} HTTP/1.1\r\nHost: [fd00::99]",
        "GET {} HTTP/1.1\r\nHost: eventlog.default.svc",
        "GET {} HTTP/1.1\r\nHost: <none>",
        "GET {} HTTP/1.1\r\nHost:",
    ],
)
def test_health_is_told_to_whoever_asks_by_whatever_name(api: str, path: str, head: str) -> None:
    # There are no workers, which is no 503.
    assert status(api, head.format(path)) == 200


@pytest.mark.parametrize("path", ["/livez/", "/health/findings", "/stats", "/", "/docs", "/livezz"])
def test_nothing_else_is(api: str, path: str) -> None:
    assert status(api, f"GET {path} HTTP/1.1\r\nHost: 10.244.0.5:8080") == 421
    assert status(api, f"GET {path} HTTP/1.0") == 421


def test_what_haproxy_asks_by_default_is_answered(api: str) -> None:
    assert status(api, "OPTIONS / HTTP/1.0") == 204


@pytest.mark.parametrize(
    ("named", "answered"),
    [
        ("localhost", True),
        ("LOCALHOST.:8080", True),
        ("localhost..", False),
        ("127.0.0.1:9", True),
        ("127.9.9.9", True),
        ("[::1]:8080", True),
        ("[0:0:0:0:0:0:0:1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("OWN", True),
        ("OWN:8080", True),
        ("log.example:443", True),
        ("LOG.EXAMPLE.", True),
        ("xlog.example", False),
        ("a.log.example", False),
        ("eventlog.default.svc.cluster.local:8080", True),
        ("svc.cluster.local", False),
        ("evilsvc.cluster.local", False),
        ("svc.cluster.local.evil.example", False),
        ("192.0.2.77", True),
        ("192.0.3.77", False),
        ("[fd00::5]", True),
        ("[fd00:0:0:0:0:0:0:5]:80", True),
        ("[fd00::5%25eth0]:80", True),
        ("fd00::5", False),
        ("[fd00::6]", False),
        ("xn--bcher-kva.example", True),
        ("b\xfccher.example", False),
        ("evil.example", False),
        ("user@localhost", False),
        ("localhost@evil.example", False),
        ("localhost:80@evil.example", False),
        ("localhost/x", False),
        ("localhost:99999", False),
        ("localhost:", True),
        ("localhost, evil.example", False),
        ("evil.example#localhost", False),
        ("127.0.0.1.evil.example", False),
        ("2130706433", False),
        ("0x7f.0.0.1", False),
        ("127.1", False),
        ("[127.0.0.1]", False),
        ("[localhost]", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("*", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_request_must_name_a_host_that_we_are(api: str, named: str, answered: bool) -> None:
    host = named.replace("OWN", own_address())
    wanted = 200 if answered else 421
    assert status(api, f"GET /stats HTTP/1.1\r\nHost: {host}") == wanted


def test_the_refusal_names_the_host_and_the_setting(api: str) -> None:
    with client_of(api) as client:
        client.send(b"GET /stats HTTP/1.1\r\nHost: evil.example" + b"x" * 500 + b"\x80\r\n\r\n")
        answered, headers, problem = client.answer()
    assert (answered, problem["code"]) == (421, "host_not_allowed")
    assert "'evil.examplexxx" in problem["detail"]
    assert "EVENTLOG_ALLOWED_HOSTS" in problem["detail"]
    assert len(problem["detail"]) < 400
    assert headers["x-content-type-options"] == "nosniff"


def test_two_hosts_are_one_too_many(api: str) -> None:
    for hosts_of in (("localhost", "evil.example"), ("evil.example", "localhost"), ("localhost",) * 2):
        lines = "".join(f"\r\nHost: {host}" for host in hosts_of)
        for head in (f"GET /stats HTTP/1.1{lines}", f"POST /publish HTTP/1.1{lines}\r\nContent-Length: 0"):
            assert status(api, head) == 400


def test_the_short_way_asks_for_the_host_too(api: str) -> None:
    content = request(one_topic("a"))
    for host, answered in (("localhost", 202), ("evil.example", 421), ("localhost", 202)):
        with client_of(api) as client:
            client.send(content.replace(b"Host: localhost", f"Host: {host}".encode()))
            assert client.answer()[0] == answered


def test_a_service_on_one_address_does_not_know_the_others(database: str) -> None:
    with running_api(database, workers=0) as url:
        assert status(url, "GET /stats HTTP/1.1\r\nHost: 127.0.0.1") == 200
        if own_address() != "127.0.0.1":
            assert status(url, f"GET /stats HTTP/1.1\r\nHost: {own_address()}") == 421


def test_any_host_can_be_allowed_in_so_many_words() -> None:
    assert "evil.example" in hosts("log.example, *")
    assert "evil.example" not in hosts("")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("allowed_hosts", "https://log.example"),
        ("allowed_hosts", "log.example:8443"),
        ("allowed_hosts", "log.example/path"),
        ("allowed_hosts", "api-*.example"),
        ("allowed_hosts", "*."),
        ("allowed_hosts", "10.0.0.1/8"),
        ("allowed_hosts", "a b"),
        ("trusted_proxies", "localhost"),
        ("trusted_proxies", "*"),
        ("trusted_proxies", "10.0.0.1:80"),
        ("trusted_proxies", "10.0.0.0/33"),
    ],
)
def test_a_list_that_would_never_match_is_refused_at_the_start(setting: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"EVENTLOG_{setting.upper()}") as refused:
        load_settings(**{setting: value})
    assert value in str(refused.value)


def test_one_host_has_one_spelling() -> None:
    for text in ("[FD00::5]:80", "[fd00:0::5]:80", "[fd00::5%25eth0]:80"):
        assert str(authority(text)) == "[fd00::5]:80"
    assert authority("[::ffff:10.0.0.1]") == authority("10.0.0.1")
    assert authority("a" * 254) is None
    assert authority("010.0.0.1") is None
