"""Client certificates that are as good as a key."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.keys import store
from eventlog.keys.scopes import read_scopes
from eventlog.sessions.database import connect
from eventlog.tls.client_certificate import fingerprint_of
from tests.support.api import running_api
from tests.support.certificates import Authority, Files, Pair
from tests.support.command_line import eventlog
from tests.support.events import event
from tests.support.waiting import until

Connection = psycopg.Connection[TupleRow]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


class Clients:
    """Makes certificates, keys that they are as good as, and clients that show them."""

    def __init__(self, folder: Path, authority: Authority, database: str) -> None:
        self.files = Files(folder, authority)
        self.files.put(authority.issue())
        self._folder = folder
        self._database = database
        self.url = ""

    def file_of(self, name: str, signed_by: Authority | None = None) -> Path:
        """Make a certificate; its key lies beside it."""
        made: Pair = (signed_by or self.files.authority).issue(name)
        certificate = self._folder / f"{name}.pem"
        made.put(certificate, certificate.with_suffix(".key"))
        return certificate

    def key_of(self, certificate: Path, *scopes: str, expires_at: datetime | None = None) -> store.NewKey:
        with connect(self._database, "owner", "keys") as connection:
            return store.create(
                connection,
                "test",
                read_scopes(scopes),
                certificate=fingerprint_of(certificate),
                expires_at=expires_at,
                created_by="test",
            )

    def set_state(self, key: store.NewKey, state: store.State) -> None:
        with connect(self._database, "owner", "keys") as connection:
            store.set_state(connection, key.id, state)

    @contextmanager
    def showing(self, certificate: Path | None, **headers: str) -> Iterator[httpx2.Client]:
        trusted: ssl.SSLContext = self.files.trusted
        if certificate is not None:
            trusted.load_cert_chain(certificate, certificate.with_suffix(".key"))
        with httpx2.Client(base_url=self.url, timeout=15, verify=trusted, headers=headers) as client:
            yield client


@pytest.fixture
def clients(tmp_path: Path, authority: Authority, database: str) -> Iterator[Clients]:
    made = Clients(tmp_path, authority, database)
    with running_api(
        database, workers=0, auth="required", tls_client_ca=made.files.ca, **made.files.settings
    ) as made.url:
        yield made


def until_status(client: httpx2.Client, path: str, status: int, code: str | None = None) -> None:
    """Wait until what was changed holds, which it does within 2 s."""

    def holds() -> bool:
        answer = client.get(path)
        return answer.status_code == status and (code is None or answer.json()["code"] == code)

    until(holds, deadline_seconds=10)


def publish(client: httpx2.Client, topic: str) -> httpx2.Response:
    return client.post("/publish", json=event(topic=topic, event_id=topic))


def test_a_connection_that_shows_one_has_the_rights_of_its_key(
    clients: Clients, connection: Connection
) -> None:
    shop = clients.file_of("shop")
    key = clients.key_of(shop, "publish:shop.*", "read:shop.*")
    with clients.showing(shop) as client:
        until_status(client, "/events?topic=shop.order", 200)
        assert publish(client, "shop.order").status_code == 202
        assert publish(client, "shop.again").status_code == 202
        assert publish(client, "other.order").json()["code"] == "scope"
        assert client.get("/metrics").status_code == 403
    assert connection.execute("SELECT DISTINCT publisher FROM inbox").fetchall() == [(key.id,)]


def test_the_same_request_of_another_connection_is_somebody_elses(
    clients: Clients, connection: Connection
) -> None:
    first, second = clients.file_of("first"), clients.file_of("second")
    keys = [clients.key_of(each, "publish").id for each in (first, second)]
    with clients.showing(first) as one, clients.showing(second) as two, clients.showing(None) as nobody:
        until(lambda: publish(two, "a.b").status_code == 202)
        for client in (one, two, one, two):
            assert publish(client, "c.d").status_code == 202
        assert publish(nobody, "c.d").status_code == 401
    found = connection.execute("SELECT publisher, count(*) FROM inbox WHERE topic = 'c.d' GROUP BY 1")
    assert dict(found.fetchall()) == dict.fromkeys(keys, 2)


def test_one_that_is_no_keys_opens_nothing(clients: Clients) -> None:
    with clients.showing(clients.file_of("nobody")) as client:
        answer = client.get("/events")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert client.get("/livez").status_code == 200


def test_one_of_another_authority_is_refused_in_the_handshake(clients: Clients) -> None:
    strange = clients.file_of("strange", Authority("another"))
    clients.key_of(strange, "read")
    with clients.showing(strange) as client, pytest.raises(httpx2.TransportError):
        client.get("/livez")


def test_its_keys_states_hold(clients: Clients) -> None:
    shop = clients.file_of("shop")
    key = clients.key_of(shop, "read")
    with clients.showing(shop) as client:
        until_status(client, "/events", 200)
        clients.set_state(key, "suspended")
        until_status(client, "/events", 503, "key_suspended")
        clients.set_state(key, "active")
        until_status(client, "/events", 200)
        clients.set_state(key, "revoked")
        until_status(client, "/events", 401, "key_revoked")


def test_a_stream_ends_with_its_key(clients: Clients) -> None:
    shop = clients.file_of("shop")
    key = clients.key_of(shop, "subscribe", "read")
    with clients.showing(shop) as client:
        until_status(client, "/events", 200)
        with client.stream("GET", "/events/stream", headers={"accept": "application/x-ndjson"}) as answer:
            assert answer.status_code == 200
            clients.set_state(key, "revoked")
            began = time.monotonic()
            for _ in answer.iter_lines():
                pass
            assert time.monotonic() - began < 10


def test_one_that_expires_with_its_key_is_told(clients: Clients) -> None:
    shop = clients.file_of("shop")
    clients.key_of(shop, "read", expires_at=datetime.now(UTC) + timedelta(seconds=1))
    with clients.showing(shop) as client:
        until_status(client, "/events", 401, "key_expired")


def test_the_header_goes_before_it(clients: Clients, connection: Connection) -> None:
    shop, other = clients.file_of("shop"), clients.file_of("other")
    clients.key_of(shop, "publish")
    key = clients.key_of(other, "publish")
    with clients.showing(shop, authorization=f"Bearer {key.key}") as client:
        until(lambda: publish(client, "a.b").status_code == 202)
    assert connection.execute("SELECT DISTINCT publisher FROM inbox").fetchall() == [(key.id,)]
    with clients.showing(shop, authorization="Bearer evl_wrong") as client:
        assert publish(client, "a.b").status_code == 401


def test_a_page_of_another_origin_gets_nothing_done_by_it(clients: Clients) -> None:
    shop = clients.file_of("shop")
    clients.key_of(shop, "read", "publish")
    with clients.showing(shop) as client:
        until_status(client, "/events", 200)
        foreign = client.get("/events", headers={"sec-fetch-site": "cross-site"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")


def test_the_cookie_of_a_key_is_not_to_be_made_of_its_certificate(clients: Clients) -> None:
    from eventlog.keys.session_token import make_token

    shop = clients.file_of("shop")
    key = clients.key_of(shop, "read")
    with clients.showing(shop) as client:
        until_status(client, "/events", 200)
    forged = make_token(key.id, int(time.time()) + 1_000, fingerprint_of(shop))
    with clients.showing(None, cookie=f"eventlog_session={forged}") as client:
        assert client.get("/events").status_code == 401


def test_the_command_adds_and_removes_them(clients: Clients, database: str, tmp_path: Path) -> None:
    shop, renewed = clients.file_of("shop"), clients.file_of("renewed")
    key = clients.key_of(shop, "read")
    dsn = {"EVENTLOG_DSN": database}
    added = eventlog("keys", "certificate", key.id, renewed, **dsn)
    assert added.returncode == 0, added.stderr
    with clients.showing(renewed) as client:
        until_status(client, "/events", 200)
        assert eventlog("keys", "certificate", key.id, renewed, "--remove", **dsn).returncode == 0
        until_status(client, "/events", 401)
    assert eventlog("keys", "certificate", key.id, renewed, "--remove", **dsn).returncode == 1
    taken = eventlog("keys", "create", "second", "--scope", "read", "--certificate", shop, **dsn)
    assert taken.returncode != 0
    assert key.id in taken.stderr
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    assert "holds no certificate" in eventlog("keys", "certificate", key.id, nothing, **dsn).stderr


def test_our_commands_show_one(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    from eventlog.terminal.client import ask

    shop = clients.file_of("shop")
    clients.key_of(shop, "read")
    monkeypatch.setenv("EVENTLOG_CA", str(clients.files.ca))
    monkeypatch.setenv("EVENTLOG_CLIENT_CERT", str(shop))
    monkeypatch.setenv("EVENTLOG_CLIENT_KEY", str(shop.with_suffix(".key")))
    with clients.showing(shop) as client:
        until_status(client, "/events", 200)
    assert ask(clients.url, "/events") == b"[]"
