"""The OpenAPI document is what is sent: real answers of every route, good and bad, held against it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import psycopg
import pytest
from jsonschema import Draft202012Validator, ValidationError
from psycopg.rows import TupleRow

from api.app import create_app
from eventlog.settings import load_settings
from tests.support.api import running_api
from tests.support.described import JSON, DescribedClient, Description
from tests.support.events import event
from tests.support.setting_aside import TOPIC, bad, good, set_aside
from tests.support.waiting import until

NOWHERE = "00000000-0000-0000-0000-000000000000"
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def described(database: str, connection: psycopg.Connection[TupleRow]) -> Iterator[DescribedClient]:
    """Serve a log with an event, its duplicate, and two deliveries in quarantine that can be retried."""
    set_aside(database, connection, [bad("a"), good("a"), good("b"), bad("c")])
    with running_api(database) as url, httpx2.Client(base_url=url, timeout=60) as client:
        yield DescribedClient(client)


def test_every_route_answers_what_the_document_says(described: DescribedClient) -> None:
    publish_all_ways(described)
    read_all_there_is(described)
    ask_in_sql(described)
    operate(described)
    look_at_the_service(described)
    refuse(described)
    # A stream has no end: tests/api/live looks at what it sends.
    # tests/api/routes/test_keys.py makes and changes keys.
    elsewhere = {each for each in described.description.operations if each[1].startswith("/keys")}
    assert described.description.operations - described.seen - elsewhere == {
        ("GET", "/events/stream"),
        # Signed, and by definitions: tests/api/routes/test_hooks.py, test_ingest.py.
        ("POST", "/hooks/{name}"),
        ("POST", "/ingest/{name}"),
        ("POST", "/v1/logs"),  # tests/api/senders/test_otlp_sdk.py
        # tests/api/console signs in and out.
        ("POST", "/session"),
        ("DELETE", "/session"),
    }


def publish_all_ways(described: DescribedClient) -> None:
    for path in ("/publish", "/publish/batch"):
        described.send("POST", path, 202, json=event())
        described.send("POST", path, 202, json=[event(), event(event_id="another")])
    described.send("POST", "/publish", 200, json={"events": [event()]}, headers={"Prefer": "wait=10"})
    lenient = {"Prefer": "handling=lenient"}
    sent = lines(event(), {})
    answer = described.send("POST", "/publish", 202, content=sent, headers={**NDJSON, **lenient})
    assert answer["rejected"]


def lines(*values: dict[str, Any]) -> bytes:
    return b"".join(msgspec.json.encode(value) + b"\n" for value in values)


def read_all_there_is(described: DescribedClient) -> None:
    assert described.send("GET", "/events", 200)
    assert described.send("GET", "/events", 200, headers={"Accept": "application/x-ndjson"})
    assert described.send("GET", "/events?order=position&limit=1", 200)
    assert described.send("GET", f"/events/{TOPIC}/a", 200)["deliveries"]
    assert described.send("GET", f"/deliveries?topic={TOPIC}&event_id=a", 200)
    assert described.send("GET", "/deliveries/1:1", 200)["outcome"] == "quarantined"
    assert described.send("GET", "/stats", 200)["by_topic"]
    until(lambda: described.send("GET", "/timeline", 200)["counts"])
    assert described.send("GET", "/timeline?by=time", 200)["counts"]
    assert described.send("GET", "/quarantine", 200)
    assert described.send("POST", "/quarantine/1:1/retry", 200)
    assert described.send("GET", "/quarantine/retries", 200)


def ask_in_sql(described: DescribedClient) -> None:
    described.send("POST", "/sql", 200, json={"sql": "SELECT 1 AS one, now(), 'a'"})
    described.send(
        "POST", "/sql", 200, json={"question": "books", "limit": 1}, headers={"Accept": "text/csv"}
    )
    assert described.send("GET", "/sql/questions", 200)
    assert described.send("GET", "/sql/schema", 200)["views"]
    failed = described.send("POST", "/sql", 422, json={"sql": "SELECT none"})
    assert {"sqlstate", "message", "hint", "position"} < failed.keys()
    described.send("POST", "/sql", 422, json={"sql": 5})
    described.send("POST", "/sql", 400, content=b"{", headers={"Content-Type": "application/json"})
    described.send("POST", "/sql", 415, content=b"{}", headers={"Content-Type": "text/plain"})
    described.send("POST", "/sql", 404, json={"question": "none"})


def operate(described: DescribedClient) -> None:
    begun = described.send("POST", "/projections/core/rebuild", 202)["operation"]
    described.send("GET", "/projections", 200)
    until(lambda: described.send("GET", f"/operations/{begun}", 200)["state"] == "done")
    described.send("DELETE", f"/operations/{begun}", 202)
    begun = described.send("POST", "/projections/core/verify", 202)["operation"]
    until(lambda: described.send("GET", f"/operations/{begun}", 200)["state"] == "done")
    assert described.send("GET", "/operations", 200)[0]["result"] == "equal"
    assert described.send("GET", "/projections/core", 200)["partitions"]


def look_at_the_service(described: DescribedClient) -> None:
    described.send("GET", "/", 200)
    described.send("GET", "/livez", 200)
    described.send("GET", "/readyz", 200)
    described.send("GET", "/health", 200)
    described.send("GET", "/metrics", 200)
    assert described.send("GET", "/health/findings", 200)
    described.send("POST", "/session", 404, json={"key": "evl_"})  # this service asks nobody for one


def refuse(described: DescribedClient) -> None:
    json = {"Content-Type": "application/json"}
    described.send("POST", "/publish", 400, content=b"{", headers=json)
    described.send("POST", "/publish", 413, content=b" " * (9 << 20), headers=json)
    described.send("POST", "/publish", 415, content=b"{}", headers={"Content-Type": "text/plain"})
    described.send("POST", "/publish", 422, json=event(topic=5))
    for path in reading(described.description):
        described.send("GET", f"{path}?no=such", 422)
    for query in documented(described.description):  # what is documented is what is taken
        faults = described.send("GET", query, 422)["errors"]
        assert not [fault for fault in faults if "unknown" in fault["detail"]], query
    described.send("GET", "/events", 406, headers={"Accept": "image/png"})
    described.send("GET", "/events/a/%ff", 400)
    described.send("GET", "/events/a/none", 404)
    described.send("GET", "/deliveries/1:999", 404)
    described.send("GET", "/projections/none", 404)
    described.send("POST", "/projections/none/rebuild", 404)
    described.send("GET", f"/operations/{NOWHERE}", 404)
    described.send("POST", "/quarantine/1:999/retry", 404)


def reading(description: Description) -> list[str]:
    """Return the paths that GET reads, made real where they have parameters."""
    real = {"topic": "a", "event_id": "b", "delivery": "1:1", "name": "core", "id": NOWHERE}
    # Whoever watches over the service may ask as it likes.
    paths = sorted(set(description.paths) - {"/livez", "/readyz", "/health", "/metrics"})
    return [path.format(**real) for path in paths if "get" in description.paths[path]]


def documented(description: Description) -> Iterator[str]:
    """Yield each path that takes query parameters, with all of those that the document names, empty."""
    for path, methods in description.paths.items():
        parameters = methods.get("get", {}).get("parameters", [])
        names = [each["name"] for each in parameters if each["in"] == "query"]
        if names:
            yield f"{path}?{'&'.join(f'{name}=' for name in names)}"


@pytest.fixture(scope="module")
def description() -> Description:
    """Return the document, which needs no database."""

    async def document() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=create_app(load_settings(), ""))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/openapi.json")

    return Description(asyncio.run(document()).json())


def test_a_member_that_no_struct_has_would_be_found(description: Description) -> None:
    content = description.paths["/livez"]["get"]["responses"]["200"]["content"][JSON]
    description.validate(content, {"status": "ok"})
    with pytest.raises(ValidationError, match="'since' was unexpected"):
        description.validate(content, {"status": "ok", "since": 5})
    with pytest.raises(ValidationError, match="is a required property"):
        description.validate(content, {})


def test_schemas_are_valid_and_examples_are_as_they_say(description: Description) -> None:
    for schema in description.schemas.values():
        Draft202012Validator.check_schema(schema)
    examples = 0
    for methods in description.paths.values():
        for operation in methods.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (each for body in bodies for each in body.get("content", {}).values()):
                if "example" in content:
                    description.validate(content, content["example"])
                    examples += 1
    assert examples >= 5
