"""What a page in somebody's browser may do here, and what its browser is told about each answer."""

import json
from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.embedded import EmbeddedServer
from tests.support.api import running_api
from tests.support.events import event
from tests.support.postgres import at_database, cloned_database
from tests.support.raw_client import client_of, full, one_topic, request

Connection = psycopg.Connection[TupleRow]

# What a browser says of a link that is followed in a tab.
FOLLOWED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
READ = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
DATA = "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture(scope="module")
def url(server: EmbeddedServer, template: str) -> Iterator[str]:
    with (
        cloned_database(server, template) as name,
        running_api(at_database(server.dsn, name), workers=0) as served,
    ):
        yield served


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, timeout=15) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/stats", "/events?topic=a", "/metrics", "/", "/console/main.js", "/livez"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "something new"])
@pytest.mark.parametrize(
    "further",
    [
        READ,
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
        {"Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "document"},
        # Fetched ahead, without anybody following the link.
        {**FOLLOWED, "Sec-Purpose": "prefetch"},
        {**FOLLOWED, "Purpose": "prefetch"},
        {},
    ],
    ids=str,
)
def test_a_page_of_another_origin_reads_nothing(
    client: httpx2.Client, path: str, site: str, further: dict[str, str]
) -> None:
    answer = client.get(path, headers={"Sec-Fetch-Site": site, **further})
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] == "foreign_origin"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("headers", [
    {},
    {"Sec-Fetch-Site": "none", **FOLLOWED},
    {"Sec-Fetch-Site": "same-origin", **READ},
    {"Sec-Fetch-Site": "same-origin", **READ, "Origin": "https://lost-on-the-way.example"},
    {"Sec-Fetch-Site": "cross-site", **FOLLOWED},
    {"Sec-Fetch-Site": "same-site", **FOLLOWED},
])  # fmt: skip
def test_programs_own_pages_and_followed_links_read(client: httpx2.Client, headers: dict[str, str]) -> None:
    assert client.get("/stats", headers=headers).status_code == 200
    assert client.head("/stats", headers=headers).status_code == 200


def test_a_followed_link_changes_nothing(client: httpx2.Client) -> None:
    for method, path in (
        ("POST", "/publish"),
        ("POST", "/sql"),
        ("DELETE", "/operations/x"),
        ("PUT", "/stats"),
    ):
        answer = client.request(method, path, headers={"Sec-Fetch-Site": "cross-site", **FOLLOWED}, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_a_browser_that_says_nothing_of_the_site_is_known_by_its_origin(client: httpx2.Client) -> None:
    assert client.get("/stats", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/stats", headers={"Origin": str(client.base_url).rstrip("/")}).status_code == 200


@pytest.mark.parametrize("path", ["/publish", "/stats", "/events/stream", "/sql"])
def test_there_is_no_cors(client: httpx2.Client, path: str) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = client.options(path, headers=asked)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "CORS" in answer.json()["detail"]
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_options_tells_the_methods(client: httpx2.Client) -> None:
    def told(path: str) -> tuple[int, str | None]:
        answer = client.options(path)
        assert answer.content == b""
        return answer.status_code, answer.headers.get("allow")

    assert told("/publish") == (204, "POST")
    assert told("/stats") == (204, "GET, HEAD")
    assert told("/operations/x") == (204, "GET, HEAD, DELETE")
    assert client.options("/nothing").status_code == 404


def test_options_of_the_whole_service_are_told_to_whoever_asks(url: str) -> None:
    with client_of(url) as client:
        client.send(b"OPTIONS * HTTP/1.1\r\nHost: www\r\n\r\n")
        assert client.link.recv(100).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/stats"),
        ("HEAD", "/stats"),
        ("GET", "/nothing"),
        ("DELETE", "/stats"),
        ("OPTIONS", "/stats"),
        ("GET", "/publish"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/events?limit=x"),
        ("GET", "/static-offline-docs/swagger-ui.css"),
    ],
)
def test_every_answer_says_what_it_is_not_for(client: httpx2.Client, method: str, path: str) -> None:
    held(dict(client.request(method, path).headers))


def held(headers: dict[str, str]) -> None:
    """Hold that an answer that is no page has all headers, each once."""
    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert headers["content-security-policy"] == DATA


def test_answers_that_no_route_gives_say_it_too(url: str, database: str, connection: Connection) -> None:
    with client_of(url) as client:
        client.send(request(one_topic("a")))
        status, headers, _ = client.answer()
        assert status == 202
        held(headers)
    for wrong in (
        b"\x16\x03\x01 nonsense\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /stats HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ):
        with client_of(url) as client:
            client.send(wrong)
            held(client.answer()[1])
    with full(database, connection) as busy, client_of(busy) as client:
        client.send(request(one_topic("b")))
        status, headers, _ = client.answer()
        assert status == 503
        held(headers)


def test_a_page_says_itself_what_may_run_in_it(client: httpx2.Client) -> None:
    for path in ("/", "/docs", "/console/main.js"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
        policies = answer.headers.get_list("content-security-policy")
        assert len(policies) == 1
        assert "frame-ancestors 'none'" in policies[0]
        assert "default-src 'none'" in policies[0]


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://localhost/stats", "localhost", 200),
        ("http://localhost:8080/stats", "evil.example", 200),
        ("HTTP://LOCALHOST/stats?topics=1", "evil.example", 200),
        ("http://evil.example/stats", "localhost", 421),
        ("http://localhost@evil.example/stats", "localhost", 421),
        ("https://evil.example/stats", "localhost", 421),
        ("ftp://evil.example/stats", "localhost", 421),
        ("http:///stats", "localhost", 400),
        ("//evil.example/stats", "localhost", 404),
        ("*", "localhost", 404),
        ("stats", "localhost", 400),
    ],
)
def test_a_target_that_names_a_host_counts_more_than_the_header(
    url: str, target: str, host: str, status: int
) -> None:
    with client_of(url) as client:
        client.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert client.answer()[0] == status


def test_a_publish_that_names_a_foreign_host_in_its_target_is_refused(url: str) -> None:
    content = request(one_topic("absolute"))
    for target, status in (("http://localhost/publish", 202), ("http://evil.example/publish", 421)):
        with client_of(url) as client:
            client.send(content.replace(b"POST /publish", f"POST {target}".encode()))
            assert client.answer()[0] == status


@pytest.mark.parametrize("name", ["Origin", "Sec-Fetch-Site"])
def test_what_is_said_twice_is_not_believed(url: str, name: str) -> None:
    own = {"Origin": url, "Sec-Fetch-Site": "same-origin"}[name]
    port = url.rpartition(":")[2]
    for values, status in (([own], 202), ([own, "cross-site"], 403), (["cross-site", own], 403)):
        lines = "".join(f"{name}: {value}\r\n" for value in values)
        content = request(one_topic("twice"), headers=lines)
        with client_of(url) as client:
            client.send(content.replace(b"Host: localhost", f"Host: 127.0.0.1:{port}".encode()))
            assert client.answer()[0] == status


def test_a_refusal_is_no_place_for_markup(client: httpx2.Client) -> None:
    answer = client.post("/publish", content=json.dumps(event()), headers={"Origin": '"><script>'})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "foreign_origin"
