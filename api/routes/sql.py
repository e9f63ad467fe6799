"""The audit console over HTTP: one read-only statement, the saved questions, and what can be asked.

POST /sql            {"sql": "SELECT …", "parameters": {…} | […], "limit": 1000}
                     {"question": "name", "parameters": {…}, "limit": 1000}
    A mapping's parameters are written `:name` in the statement, a list's `$1`, `$2` …. limit: 1 to
    10,000 rows, 1,000 by default; 4 MiB at the most in any case.
    200 {"columns": [{"name", "type"}], "rows": [[…]], "row_count", "truncated", "elapsed_ms"}
    Accept: text/csv  200 CSV with a header, NULL as nothing and an empty text as ""; `X-Truncated: true`
        where there are more rows. `"spreadsheet": true` puts an apostrophe before what a spreadsheet
        would take for a formula.
    422 `statement_failed`, `statement_timed_out`, `statement_without_rows` or `row_too_large`: with
        "sqlstate", "message", "hint" (or null) and "position" (a character of the statement, from 1,
        or null) beside the members of every problem.
    422 `asker_left` is counted where nobody waits for the answer any more.
    422 `statement_empty`, `statement_too_long`, `parameter_missing`, `parameter_unknown`,
        `parameter_too_long`, `too_many_parameters`, `nul_in_text`, `surrogate_in_text`, `invalid_field`;
        404 `question_unknown`.
    400 `invalid_json`, 413, 415. 503 `audit_busy` while four others run, or
        while much is published and statements have had their share of the time; `audit_unavailable`.
GET /sql/questions   [{"name", "title", "description", "sql",
                       "parameters": [{"name", "type", "default" (null: must be given), "description"}]}]
GET /sql/schema      {"schema": "audit",
                      "views": [{"name", "comment", "columns": [{"name", "type", "comment"}]}]}
    All of them: 403 `sql_disabled` unless the service is bound to loopback or EVENTLOG_SQL is on.

Values in JSON: see `eventlog/audit/values.py`. Nothing that a statement says is answered with a 5xx.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from api.errors import Problem
from api.http.negotiation import CSV, JSON, form_of
from api.http.request_origin import client_of
from api.openapi import sends, takes
from api.requests.parameters import NAME_CHARACTERS_MAX, read_parameters
from api.requests.topics import caller_of
from api.routes.read_route import HEADERS, answer, json_text, problems, read, route, services_of
from api.wiring import Services
from eventlog.audit.auditor import StatementResult
from eventlog.audit.catalogue import DESCRIBE_VIEWS, AuditView, view_of
from eventlog.audit.limits import ROWS_DEFAULT, ROWS_MAX, StatementLimits
from eventlog.audit.questions import Question, questions
from eventlog.audit.record import Asker
from eventlog.audit.render_csv_json import StatementRows, comma_separated, document
from eventlog.audit.statement_request import Parameters, StatementRequest, ask_question, ask_statement
from eventlog.events import Fault
from projections.read import ReadSession

router = APIRouter(tags=["audit"])

BODY_BYTES_MAX = 1 << 20
DISABLED = (
    "questions in SQL are off here: EVENTLOG_SQL=on answers them, and auto where only loopback is bound"
)

FORM = (
    "send an object with sql (a text) or question (a name), one of them, and where wanted "
    "parameters (an object or an array), limit (a whole number) and spreadsheet (true or false), nothing else"
)


class SqlRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A statement, or the name of a saved question."""

    sql: Annotated[str | None, Meta(examples=["SELECT * FROM books"])] = None
    question: Annotated[str | None, Meta(description="a saved question, instead of sql")] = None
    parameters: Annotated[
        dict[str, Any] | list[Any] | None,
        Meta(description="an object for `:name`, an array for `$1`, `$2` …"),
    ] = None
    # No bounds that msgspec would check: its words would be answered in place of ours.
    limit: Annotated[
        int | None, Meta(extra_json_schema={"minimum": 1, "maximum": ROWS_MAX, "default": ROWS_DEFAULT})
    ] = None
    spreadsheet: Annotated[bool, Meta(description="CSV without formulas")] = False


class AuditSchema(msgspec.Struct, frozen=True):
    """What can be asked."""

    schema: str
    views: list[AuditView]


EXAMPLE = {
    "columns": [{"name": "topic", "type": "text"}, {"name": "received", "type": "int8"}],
    "rows": [["payment.notification", 1042]],
    "row_count": 1,
    "truncated": False,
    "elapsed_ms": 3.2,
}
ROWS = sends(StatementRows, example=EXAMPLE)
ROWS["content"][CSV] = {"schema": {"type": "string", "description": "CSV with a header (RFC 4180)"}}


@router.post(
    "/sql",
    summary="Ask in SQL",
    openapi_extra={"requestBody": takes(SqlRequest)},
    responses={200: ROWS, **problems(400, 403, 404, 413, 415, 422, 429, 503)},
)
async def ask(request: Request) -> Response:
    """One read-only statement over the audit views; recorded before it runs."""
    services = _enabled(request)
    meter = caller_of(request.scope).meter
    if meter is not None:
        meter.require_statement()
    read_parameters(request, {})
    form = form_of(request, JSON, CSV)
    # In a thread, as whatever takes the longer the more somebody sends: the event loop is for everybody.
    body, asked = await asyncio.to_thread(_read, await json_text(request, BODY_BYTES_MAX))
    limits = StatementLimits(rows=body.limit or ROWS_DEFAULT)
    asker = Asker(client_of(request.scope), "http")
    async with services.turns.turn(), _watched(request) as has_left:
        with nullcontext() if meter is None else meter.statement():
            found = await asyncio.to_thread(services.auditor.ask, asked, asker, limits, has_left)
    return await asyncio.to_thread(_shown, form, body, found)


@asynccontextmanager
async def _watched(request: Request) -> AsyncIterator[Callable[[], bool]]:
    """Watch for the asker meanwhile: a statement whose answer nobody reads must not keep others' turn."""
    left = threading.Event()
    watching = asyncio.create_task(_note_leaving(request, left))
    with request.scope["connection"].half_closed_clients_asked():
        try:
            yield left.is_set
        finally:
            watching.cancel()


async def _note_leaving(request: Request, left: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    left.set()


def _shown(form: str, body: SqlRequest, found: StatementResult) -> Response:
    if form == CSV:
        headers = {**HEADERS, "X-Truncated": "true" if found.truncated else "false"}
        text = comma_separated(found, spreadsheet=body.spreadsheet)
        return Response(text, headers=headers, media_type="text/csv; charset=utf-8")
    return answer(document(found))


@route(
    router,
    "/sql/questions",
    summary="Saved questions",
    responses={200: sends(list[Question]), **problems(403, 422)},
)
async def saved_questions(request: Request) -> Response:
    """Questions that are asked again and again, with their parameters."""
    _enabled(request)
    read_parameters(request, {})
    return answer(list(questions().values()))


@route(
    router,
    "/sql/schema",
    summary="What can be asked",
    responses={200: sends(AuditSchema), **problems(403, 422, 503)},
)
async def schema(request: Request) -> Response:
    """The audit views and their columns, each with what it means."""
    services = _enabled(request)
    read_parameters(request, {})

    async def views(reader: ReadSession) -> list[AuditView]:
        cursor = await reader.execute(DESCRIBE_VIEWS)
        return [view_of(*row) async for row in cursor]

    return answer(AuditSchema("audit", await read(services, views)))


def _enabled(request: Request) -> Services:
    services = services_of(request)
    if not services.settings.sql_enabled:
        raise Problem("sql_disabled", DISABLED)
    return services


def _read(text: bytes) -> tuple[SqlRequest, StatementRequest]:
    try:
        body = msgspec.json.decode(text, type=SqlRequest)
        _require_distinct_keys(text)
    except msgspec.ValidationError:
        raise _invalid("", FORM) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("invalid_json", f"the body is {'no JSON' if text else 'empty'}: {FORM}") from None
    return body, _asked(body)


def _require_distinct_keys(text: bytes) -> None:
    """Raise the Problem of an object that has a key twice: which of them is meant?"""

    def members(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _invalid("", f"the key {json.dumps(name[:NAME_CHARACTERS_MAX])} is there twice")
            seen.add(name)

    # Of numbers, the keys alone are of interest: a long one takes as long as it likes to be read.
    json.loads(text, object_pairs_hook=members, parse_int=str, parse_float=str)


def _asked(body: SqlRequest) -> StatementRequest:
    if body.limit is not None and not 1 <= body.limit <= ROWS_MAX:
        raise _invalid("/limit", f"limit is a whole number from 1 to {ROWS_MAX}")
    parameters: Parameters | None = body.parameters
    if body.question is not None and body.sql is None:
        return ask_question(body.question, parameters)
    if body.sql is None or body.question is not None:
        raise _invalid("", FORM)
    return ask_statement(body.sql, parameters)


def _invalid(pointer: str, detail: str) -> Problem:
    return Problem("invalid_field", detail, errors=[Fault(None, pointer, "invalid_field", detail)])
