"""POST /hooks/{name}: signed webhooks become events, each once; nothing that is signed is lost."""

import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.api import running_api
from tests.support.real_input import FOLDER, needs_real_input

Connection = psycopg.Connection[TupleRow]

SECRET = b"It's a Secret to Everybody"


@pytest.fixture
def hooked(database: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "old").write_bytes(b"old")
    file = tmp_path / "hooks.toml"
    file.write_text("""
        [code]
        preset = "github"
        secret_files = ["old", "secret"]
        [chat]
        preset = "slack"
        secret_files = ["secret"]
        [paid]
        preset = "stripe"
        secret_files = ["secret"]
        source = "stripe"
        """)
    with running_api(database, hooks_file=file) as url, httpx2.Client(base_url=url, timeout=15) as client:
        yield client


def github(
    client: httpx2.Client,
    body: bytes,
    delivery: str = "d-1",
    secret: bytes = SECRET,
    kind: str = "application/json",
    event: str = "push",
) -> httpx2.Response:
    headers = {
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-hub-signature-256": f"sha256={hmac.digest(secret, body, 'sha256').hex()}",
        "content-type": kind,
    }
    return client.post("/hooks/code", content=body, headers=headers)


def logged(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute(
        "SELECT topic, event_id, source, format, raw FROM inbox ORDER BY partition, position"
    )
    return rows.fetchall()


def test_a_webhook_is_an_event_with_its_text_as_the_payload(
    hooked: httpx2.Client, connection: Connection
) -> None:
    body = b'{"ref": "refs/heads/main", "n": 1.50}'
    answer = github(hooked, body)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    [(topic, event_id, source, form, raw)] = logged(connection)
    assert (topic, event_id, source, form) == ("github.push", "d-1", "code", 3)
    assert raw["payload"] == json.loads(body)
    assert raw["webhook"] == {
        "name": "code",
        "headers": {"x-github-event": "push", "x-github-delivery": "d-1"},
    }


def test_a_redelivery_is_a_duplicate_and_both_secrets_hold_in_a_rotation(
    hooked: httpx2.Client, connection: Connection
) -> None:
    for secret in (SECRET, b"old"):
        assert github(hooked, b"{}", secret=secret).status_code == 200
    assert [row[1] for row in logged(connection)] == ["d-1", "d-1"]


def test_a_form_holds_the_same_event(hooked: httpx2.Client, connection: Connection) -> None:
    form = urlencode({"payload": '{"zen":"é"}'}).encode()
    assert github(hooked, form, kind="application/x-www-form-urlencoded").status_code == 200
    assert logged(connection)[0][4]["payload"] == {"zen": "é"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "invalid_json"),
        (b"\xff\xfe", "invalid_encoding"),
        (b'{"a":"\\u0000"}', "nul_character"),
        (b"[" * 5000 + b"]" * 5000, "too_deep"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b"", "invalid_json"),
    ],
)
def test_what_is_signed_and_no_event_is_kept_and_answered_well(
    hooked: httpx2.Client, connection: Connection, body: bytes, reason: str
) -> None:
    assert github(hooked, body).status_code == 200
    [(topic, _, source, form, raw)] = logged(connection)
    assert (topic, source, form) == ("$unparsed", "/hooks/code", 4)
    assert raw["payload"]["reason"] == reason
    kept = raw["payload"]
    assert kept.get("text", "").encode() == body or "base64" in kept


def test_a_topic_that_breaks_a_rule_is_no_reason_to_lose_it(
    hooked: httpx2.Client, connection: Connection
) -> None:
    assert github(hooked, b"{}", event="a*b").status_code == 200
    [(topic, _, _, _, raw)] = logged(connection)
    assert (topic, raw["payload"]["reason"]) == ("$unparsed", "invalid_topic")


def test_a_list_is_a_payload_too(hooked: httpx2.Client, connection: Connection) -> None:
    assert github(hooked, b"[1, 2]").status_code == 200
    assert logged(connection)[0][4]["payload"] == {"body": [1, 2]}


def test_who_does_not_know_the_secret_is_refused(hooked: httpx2.Client, connection: Connection) -> None:
    answer = github(hooked, b"{}", secret=b"guess")
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_refused")
    assert hooked.post("/hooks/code", content=b"{}").status_code == 401
    assert hooked.post("/hooks/other", content=b"{}").status_code == 404
    assert logged(connection) == []


def test_slack_is_answered_its_challenge_and_only_when_it_signed_it(hooked: httpx2.Client) -> None:
    body = b'{"type":"url_verification","challenge":"c-1"}'
    assert hooked.post("/hooks/chat", content=body).status_code == 401
    answer = timed(hooked, "/hooks/chat", body)
    assert answer.json() == {"challenge": "c-1"}


def timed(client: httpx2.Client, path: str, body: bytes) -> httpx2.Response:
    import time

    now = str(int(time.time()))
    slack = hmac.digest(SECRET, b"v0:%b:%b" % (now.encode(), body), "sha256").hex()
    stripe = hmac.digest(SECRET, b"%b.%b" % (now.encode(), body), "sha256").hex()
    headers = {
        "x-slack-request-timestamp": now,
        "x-slack-signature": f"v0={slack}",
        "stripe-signature": f"t={now},v1={stripe}",
    }
    return client.post(path, content=body, headers=headers)


def test_the_time_that_a_provider_says_is_the_events(hooked: httpx2.Client, connection: Connection) -> None:
    assert timed(
        hooked, "/hooks/paid", b'{"id":"evt_1","type":"charge.paid","created":1614265330}'
    ).is_success
    [(topic, event_id, source, _, raw)] = logged(connection)
    assert (topic, event_id, source) == ("stripe.charge.paid", "evt_1", "stripe")
    assert raw["timestamp"] == "2021-02-25T15:02:10+00:00"


@needs_real_input
def test_real_bodies_twice_add_nothing_the_second_time(hooked: httpx2.Client, connection: Connection) -> None:
    lines = (FOLDER / "github-webhooks" / "deliveries.ndjson").read_bytes().splitlines()
    for _ in range(2):
        for number, line in enumerate(lines):
            delivery = json.loads(line)
            body = json.dumps(delivery["body"]).encode()
            assert github(hooked, body, delivery=str(number), event=delivery["event"]).status_code == 200
    assert {row[3] for row in logged(connection)} == {3}
    assert len({(row[0], row[1]) for row in logged(connection)}) == len(lines)
