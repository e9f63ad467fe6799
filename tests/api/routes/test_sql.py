"""POST /sql, GET /sql/questions, GET /sql/schema: questions over HTTP."""

import json
import socket
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.audit.limits import AT_ONCE_MAX
from tests.support.api import running_api
from tests.support.raw_client import Client, client_of
from tests.support.reading import at_second, published
from tests.support.waiting import until

PROBLEM = "application/problem+json"
HEAD = "POST /sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def asked(client: httpx2.Client, sql: str, **more: Any) -> httpx2.Response:
    return client.post("/sql", json={"sql": sql, **more})


def test_a_statement_is_answered_with_columns_and_rows(client: httpx2.Client) -> None:
    published(client, [at_second(1), at_second(1), at_second(2)])
    answer = asked(client, "SELECT received, duplicates, balanced FROM books")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["columns"] == [
        {"name": "received", "type": "int8"},
        {"name": "duplicates", "type": "int8"},
        {"name": "balanced", "type": "bool"},
    ]
    assert body["rows"] == [[3, 1, True]]
    assert (body["row_count"], body["truncated"]) == (1, False)
    assert body["elapsed_ms"] > 0


def test_a_question_is_asked_by_its_name(client: httpx2.Client) -> None:
    published(client, [at_second(1), at_second(1)])
    parameters = {"topic": "order.created", "event_id": "e0001"}
    answer = client.post("/sql", json={"question": "was_it_received", "parameters": parameters}).json()
    assert [row[1] for row in answer["rows"]] == ["unique", "duplicate"]


def test_what_is_wrong_with_a_statement_is_said(client: httpx2.Client) -> None:
    answer = asked(client, "SELECT nothing FROM books")
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    problem = answer.json()
    assert (problem["code"], problem["sqlstate"]) == ("statement_failed", "42703")
    assert (problem["message"], problem["position"]) == ('column "nothing" does not exist', 8)
    assert problem["retryable"] is False


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_field"),
        ({"sql": "SELECT 1", "question": "books"}, 422, "invalid_field"),
        ({"sql": "SELECT 1", "limit": 0}, 422, "invalid_field"),
        ({"sql": "SELECT 1", "limit": "5"}, 422, "invalid_field"),
        ({"sql": 5}, 422, "invalid_field"),
        ({"sql": "SELECT 1", "other": 1}, 422, "invalid_field"),
        ([], 422, "invalid_field"),
        ({"sql": " "}, 422, "statement_empty"),
        ({"sql": "SELECT 1; SELECT 2"}, 422, "statement_failed"),
        ({"sql": "COMMIT"}, 422, "statement_without_rows"),
        ({"sql": "SELECT 1", "parameters": {"a": 1}}, 422, "parameter_unknown"),
        ({"sql": "SELECT $1::int", "parameters": ["x"]}, 422, "statement_failed"),
        ({"sql": "SELECT $1"}, 422, "statement_failed"),
        ({"sql": "SELECT $1", "parameters": [1, 2]}, 422, "statement_failed"),
        ({"question": "was_it_received"}, 422, "parameter_missing"),
        ({"question": "nothing"}, 404, "question_unknown"),
        ({"sql": "SELECT '\0'"}, 422, "nul_in_text"),
        ({"sql": "SELECT 1", "parameters": [0] * 65_536}, 422, "too_many_parameters"),
        ({"sql": "SELECT 1", "parameters": {f"p{n}": 0 for n in range(65_536)}}, 422, "too_many_parameters"),
        ({"sql": "SELECT $1", "parameters": ["x" * 200_000]}, 422, "parameter_too_long"),
        ({"sql": "SELECT 1", "spreadsheet": "yes"}, 422, "invalid_field"),
        ({"sql": "SELECT repeat('x', 100000)::int"}, 422, "statement_failed"),
    ],
)
def test_nothing_that_is_asked_is_answered_with_a_5xx(
    client: httpx2.Client, body: object, status: int, code: str
) -> None:
    answer = client.post("/sql", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_several_statements_are_told_to_come_one_at_a_time(client: httpx2.Client) -> None:
    assert "one statement" in client.post("/sql", json={"sql": "SELECT 1; SELECT 2"}).json()["hint"]


def test_a_body_that_is_no_json_is_refused(client: httpx2.Client) -> None:
    json_type = {"Content-Type": "application/json"}
    assert client.post("/sql", content=b"{", headers=json_type).status_code == 400
    assert client.post("/sql", content=b"\xff", headers=json_type).status_code == 400
    assert client.post("/sql", content=b"SELECT 1", headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.post("/sql", content=b" " * (2 << 20), headers=json_type).status_code == 413


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"sql": "SELECT 1", "sql": "SELECT 2"}', "sql"),
        (r'{"sql": "SELECT 1", "s\u0071l": "SELECT 2"}', "sql"),
        ('{"sql": "SELECT 1", "limit": 1, "limit": 2}', "limit"),
        ('{"sql": "SELECT :topic", "parameters": {"topic": 1, "topic": 2}}', "topic"),
        ('{"sql": "SELECT $1::json", "parameters": [{"a": {"b": 1, "b": 1}}]}', "b"),
    ],
)
def test_a_key_that_is_there_twice_is_named(client: httpx2.Client, text: str, key: str) -> None:
    answer = client.post("/sql", content=text, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert f'"{key}"' in answer.json()["detail"]


def test_askers_who_leave_keep_nobody_from_asking(
    client: httpx2.Client, connection: psycopg.Connection[TupleRow]
) -> None:
    body = json.dumps({"sql": "SELECT count(*) FROM generate_series(1, 1000000000000) WHERE random() < 0"})
    text = f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}"
    leaving = [Client(str(client.base_url)) for _ in range(AT_ONCE_MAX)]
    for each in leaving:
        each.send(text.encode())
    until(lambda: running(connection) == AT_ONCE_MAX)
    assert asked(client, "SELECT 1").json()["code"] == "audit_busy"
    for each in leaving:
        each.close()
    until(lambda: asked(client, "SELECT 1").status_code == 200, deadline_seconds=8)
    left = "SELECT count(*) FROM eventlog.console_statements WHERE error = 'its asker has left'"
    until(lambda: connection.execute(left).fetchone() == (AT_ONCE_MAX,))
    # Nobody's took too long.
    counted = f'eventlog_problems_total{{code="asker_left",status="422"}} {AT_ONCE_MAX}.0'
    until(lambda: counted in client.get("/metrics").text, message=f"not {counted}")
    assert "statement_timed_out" not in client.get("/metrics").text


def test_who_has_said_all_and_stays_gets_the_answer(client: httpx2.Client) -> None:
    """As `nc -N` does. Whether it is there is asked, by an answer that clients pass over."""
    body = json.dumps({"sql": "SELECT count(*) FROM generate_series(1, 500000)"})
    text = f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}"
    with client_of(str(client.base_url)) as asker:
        asker.send(text.encode())
        asker.link.shutdown(socket.SHUT_WR)
        got = b""
        while piece := asker.link.recv(1 << 16):
            got += piece
    interim, _, rest = got.partition(b"\r\n\r\n")
    assert interim == b"HTTP/1.1 102 Processing"
    assert b"HTTP/1.1 200 OK" in rest


def running(connection: psycopg.Connection[TupleRow]) -> int:
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND query LIKE '%generate_series(1, 1000000000000)%' AND state = 'active' "
        "AND pid <> pg_backend_pid()"
    ).fetchone()
    assert found is not None
    return int(found[0])


def test_csv_says_whether_there_is_more(client: httpx2.Client) -> None:
    body = {"sql": "SELECT n, '=' || n AS f FROM generate_series(1, 3) AS n", "limit": 2}
    answer = client.post("/sql", json=body, headers={"Accept": "text/csv"})
    assert answer.text.splitlines() == ["n,f", "1,=1", "2,=2"]
    assert (answer.headers["content-type"], answer.headers["x-truncated"]) == (
        "text/csv; charset=utf-8",
        "true",
    )


def test_csv_for_a_spreadsheet_has_no_formula(client: httpx2.Client) -> None:
    body = {"sql": "SELECT '=1' AS f, '' AS empty, NULL AS n", "spreadsheet": True}
    answer = client.post("/sql", json=body, headers={"Accept": "text/csv"})
    assert answer.text.splitlines() == ["f,empty,n", '\'=1,"",']


def test_the_questions_and_the_views_are_told(client: httpx2.Client) -> None:
    questions = {question["name"]: question for question in client.get("/sql/questions").json()}
    assert [parameter["name"] for parameter in questions["was_it_received"]["parameters"]] == [
        "topic",
        "event_id",
    ]
    assert questions["was_it_received"]["parameters"][0]["default"] is None
    schema = client.get("/sql/schema").json()
    views = {view["name"]: view for view in schema["views"]}
    assert schema["schema"] == "audit"
    assert views["books"]["columns"][0] == {
        "name": "received",
        "type": "bigint",
        "comment": "Deliveries that the log has.",
    }


def test_who_asked_is_recorded(client: httpx2.Client, connection: psycopg.Connection[TupleRow]) -> None:
    asked(client, "SELECT 1")
    row = connection.execute("SELECT who, via, rows FROM eventlog.console_statements").fetchone()
    assert row == ("127.0.0.1", "http", 1)


def test_a_page_of_another_site_cannot_ask(client: httpx2.Client) -> None:
    answer = client.post("/sql", json={"sql": "SELECT 1"}, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_it_can_be_switched_off(database: str) -> None:
    with running_api(database, workers=0, sql="off") as url, httpx2.Client(base_url=url) as client:
        for answer in (
            asked(client, "SELECT 1"),
            client.get("/sql/questions"),
            client.get("/sql/schema"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "sql_disabled")
