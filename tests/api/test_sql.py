"""POST /sql, GET /sql/questions, GET /sql/schema: questions over HTTP."""

from typing import Any

import httpx2

from tests.support.reading import at_second, published

PROBLEM = "application/problem+json"


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
