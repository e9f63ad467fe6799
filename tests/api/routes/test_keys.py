"""Keys over HTTP: within what the asker's own key may, secrets shown once, a lost answer harmless."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.keys.quotas import Quotas
from eventlog.keys.store import SECRETS_MAX
from tests.api.http.test_authentication import Closed, bearer, closed_service, id_of, known
from tests.support.events import event
from tests.support.postgres import at_database, cloned_database
from tests.support.waiting import until

SOON = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(scope="module")
def service(server: EmbeddedServer, template: str) -> Iterator[Closed]:
    with cloned_database(server, template) as name:
        dsn = at_database(server.dsn, name)
        with closed_service(dsn) as (client, keys):
            yield client, keys, dsn


def made(service: Closed, *scopes: str, **more: Any) -> str:
    client, keys, _ = service
    key = keys.make(*scopes, **more)
    known(client, key)
    return key


def mint(client: httpx2.Client, key: str, *scopes: str, **more: Any) -> httpx2.Response:
    return client.post("/keys", json={"name": "minted", "scopes": scopes, **more}, headers=bearer(key))


def listed(client: httpx2.Client, key: str) -> dict[str, Any]:
    return {each["id"]: each for each in client.get("/keys", headers=bearer(key)).json()}


def test_a_minted_key_works_and_its_secret_is_shown_once(service: Closed) -> None:
    client, _, _ = service
    minter = made(service, "keys", "publish:order.*", "metrics")
    answer = mint(client, minter, "publish:order.a.*", "metrics", events_per_second=7)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    new = answer.json()
    assert answer.headers["location"] == f"keys/{new['id']}"  # relative to /keys
    known(client, new["key"])
    sent = client.post("/publish", json=event(topic="order.a.b"), headers=bearer(new["key"]))
    assert (sent.status_code, '"events-per-second";q=7' in sent.headers["ratelimit-policy"]) == (202, True)
    assert client.post("/publish", json=event(topic="order.b"), headers=bearer(new["key"])).status_code == 403
    shown = client.get(f"/keys/{new['id']}", headers=bearer(minter))
    assert shown.json()["created_by"] == id_of(minter)
    assert new["key"].split("_")[2] not in shown.text + client.get("/keys", headers=bearer(minter)).text


@pytest.mark.parametrize(
    ("own", "wished", "status"),
    [
        ({}, {"scopes": ["publish:order.*"]}, 201),
        ({}, {"scopes": ["publish:order.a"]}, 201),
        ({}, {"scopes": ["publish"]}, 403),
        ({}, {"scopes": ["publish:orders.*"]}, 403),
        ({}, {"scopes": ["publish:order.a", "sql"]}, 403),
        ({}, {"scopes": ["read:order.a"]}, 403),
        ({}, {"scopes": ["keys"]}, 201),
        ({}, {"scopes": ["operate"]}, 403),
        ({"source": "till"}, {"source": "till"}, 201),
        ({"source": "till"}, {}, 201),
        ({"source": "till"}, {"source": "shop"}, 403),
        ({"topic_prefix": "order.a"}, {"topic_prefix": "order.a.b"}, 201),
        ({"topic_prefix": "order.a"}, {"topic_prefix": "order."}, 403),
        ({"expires_at": SOON}, {"expires_at": (SOON - timedelta(hours=1)).isoformat()}, 201),
        ({"expires_at": SOON}, {"expires_at": (SOON + timedelta(hours=1)).isoformat()}, 403),
        ({"expires_at": SOON}, {}, 201),
        ({"quotas": Quotas(streams=5)}, {"streams": 5, "events_per_day": 9}, 201),
        ({"quotas": Quotas(streams=5)}, {"streams": 6}, 403),
        ({"quotas": Quotas(streams=5)}, {}, 201),
    ],
)
def test_a_key_makes_none_that_may_what_it_may_not(
    service: Closed, own: dict[str, Any], wished: dict[str, Any], status: int
) -> None:
    client, _, _ = service
    minter = made(service, "keys", "publish:order.*", **own)
    before = len(listed(client, minter))
    answer = mint(client, minter, *wished.pop("scopes", ["publish:order.a"]), **wished)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["code"] == "scope"
        assert len(listed(client, minter)) == before
        return
    new = listed(client, minter)[answer.json()["id"]]
    # What was left out is as with the minter.
    if "source" in own:
        assert new["source"] == own["source"]
    if "expires_at" in own:
        assert datetime.fromisoformat(new["expires_at"]) <= SOON
    if "quotas" in own:
        assert new["streams"] == 5


def test_keys_that_may_more_are_as_if_there_were_none(service: Closed) -> None:
    client, keys, _ = service
    minter = made(service, "keys", "publish:order.*")
    stronger = made(service, "keys", "publish")
    assert id_of(stronger) not in listed(client, minter)
    assert id_of(minter) in listed(client, stronger)
    for method, path in (("GET", ""), *(("POST", f"/{act}") for act in ("rotate", "suspend", "revoke"))):
        answers = [
            client.request(method, f"/keys/{key_id}{path}", headers=bearer(minter))
            for key_id in (id_of(stronger), "0123456789")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json().keys() == answers[1].json().keys()
        assert answers[0].json()["code"] == answers[1].json()["code"] == "not_found"
    assert keys.connection.execute("SELECT state FROM keys WHERE id = %s", [id_of(stronger)]).fetchone() == (
        "active",
    )


def test_states_change_as_on_the_command_line(service: Closed) -> None:
    client, _, _ = service
    minter = made(service, "keys", "read")
    new = mint(client, minter, "read").json()
    known(client, new["key"])

    def change(act: str) -> httpx2.Response:
        return client.post(f"/keys/{new['id']}/{act}", headers=bearer(minter))

    def read() -> int:
        return client.get("/events", headers=bearer(new["key"])).status_code

    assert change("suspend").json()["state"] == "suspended"
    until(lambda: read() == 503)
    assert change("resume").json()["state"] == "active"
    until(lambda: read() == 200)
    assert change("revoke").json()["state"] == "revoked"
    until(lambda: read() == 401)
    assert change("revoke").status_code == 200
    for act in ("resume", "suspend", "rotate"):
        assert (change(act).status_code, change(act).json()["code"]) == (409, "key_is_revoked")


def test_a_lost_answer_does_no_harm(service: Closed) -> None:
    client, _, _ = service
    minter = made(service, "keys", "read")
    new = mint(client, minter, "read").json()
    known(client, new["key"])
    first = client.post(f"/keys/{new['id']}/rotate", headers=bearer(minter))  # nobody saw this answer
    assert first.headers["cache-control"] == "no-store"
    second = client.post(f"/keys/{new['id']}/rotate?overlap=30m", headers=bearer(minter)).json()
    known(client, second["key"])
    assert client.get("/events", headers=bearer(new["key"])).status_code == 200
    for _ in range(SECRETS_MAX):
        last = client.post(f"/keys/{new['id']}/rotate?overlap=30m", headers=bearer(minter))
    assert (last.status_code, last.json()["code"]) == (409, "too_many_keys")
    assert client.post(f"/keys/{new['id']}/rotate?overlap=0s", headers=bearer(minter)).status_code == 200
    assert listed(client, minter)[new["id"]]["secrets"] == 1


def test_pages_lead_from_one_to_the_next(service: Closed) -> None:
    client, _, _ = service
    minter = made(service, "keys", "sql")
    for _ in range(4):
        assert mint(client, minter, "sql").status_code == 201
    found: list[str] = []
    path: str | None = "/keys?limit=3"
    while path is not None:
        answer = client.get(path, headers=bearer(minter))
        found += [each["id"] for each in answer.json()]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert len(found) == len(set(found))
    assert set(found) == set(listed(client, minter))
    assert len(found) >= 5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 422),
        ('{"name": "x"}', 422),
        ('{"name": "x", "scopes": []}', 422),
        ('{"name": "x", "scopes": ["everything"]}', 422),
        ('{"name": "", "scopes": ["sql"]}', 422),
        ('{"name": "x\\u0000", "scopes": ["sql"]}', 422),
        ('{"name": "x", "scopes": ["sql"], "secret": "mine"}', 422),
        ('{"name": "x", "scopes": ["sql"], "streams": 0}', 422),
        ('{"name": "x", "scopes": ["sql"], "streams": 1e3}', 422),
        ('{"name": "x", "scopes": ["sql"], "streams": 99999999999999999999}', 422),
        ('{"name": "x", "scopes": ["sql"], "expires_at": "2020-01-01T00:00:00Z"}', 422),
        ('{"name": "x", "scopes": ["sql"], "expires_at": "2099-01-01T00:00:00"}', 422),
        ('{"name": "x", "scopes": ["sql"], "source": "\\ud800"}', 400),
        (json.dumps({"name": "x", "scopes": ["sql"] * 20_000}), 413),
    ],
)
def test_what_is_no_key_is_told(service: Closed, body: str, status: int) -> None:
    client, _, _ = service
    minter = made(service, "keys", "sql")
    headers = {**bearer(minter), "Content-Type": "application/json"}
    answer = client.post("/keys", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert minter.split("_")[2] not in answer.text


@pytest.mark.parametrize("auth", ["open", "observe"])
def test_where_nobody_shows_a_key_nobody_makes_one(database: str, auth: str) -> None:
    with closed_service(database, auth) as (client, _):
        for answer in (client.get("/keys"), client.post("/keys", json={"name": "x", "scopes": ["sql"]})):
            assert (answer.status_code, answer.json()["code"]) == (403, "scope")
