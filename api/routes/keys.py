"""/keys: for who has the scope `keys`, what `eventlog keys` does, and no more than they may themselves.

A key sees, makes and changes keys that may nothing which it may not: by scopes, source, prefix of topics,
quotas and end. Others are for it as if there were none. A secret is in the answer that made it, and nowhere
else. Where that answer is lost, the new key is listed and can be revoked; after a rotation the secret before
it still holds, so one rotates again.
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from api.errors import Problem
from api.http.body import require_no_body
from api.http.request_origin import reference
from api.openapi import sends, takes
from api.requests.actor import actor_of
from api.requests.parameters import Parameter, documented, read_parameters, text, whole_number
from api.requests.topics import caller_of
from api.routes.read_route import answer, json_text, problems, route, services_of
from eventlog.acts.actor import act_as
from eventlog.errors import SettingsError
from eventlog.events import Fault
from eventlog.keys import store
from eventlog.keys.errors import KeyUnknown
from eventlog.keys.minting import KeyWish, granted, may_change
from eventlog.keys.quotas import Quotas
from eventlog.keys.scopes import read_scopes
from eventlog.keys.spans import read_span
from eventlog.keys.store import Key, NewKey, State
from eventlog.sessions.database import Connection

router = APIRouter(tags=["keys"])

BODY_BYTES_MAX = 1 << 16
LIMIT_MAX = 1_000
OVERLAP = "24h"
FORM = (
    "send an object with name (a text) and scopes (an array of texts), and where wanted source, "
    "topic_prefix, expires_at (a time with a zone) and quotas (whole numbers), nothing else"
)
PARAMETERS = {
    "after": Parameter(text, "Keys that were made after the one with this id.", {"type": "string"}),
    "limit": Parameter(
        whole_number(1, LIMIT_MAX),
        "The most keys that are looked at; those that are not for the asker are left out.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_MAX},
    ),
}


def _overlap(value: str) -> timedelta:
    try:
        return read_span(value)
    except SettingsError:
        raise ValueError("is a span of time, such as 24h, 30m or 0s") from None


ROTATION = {
    "overlap": Parameter(
        _overlap,
        "How long the secret before holds on: `24h`, `30m`; `0s` ends it at once.",
        {"type": "string", "default": OVERLAP},
    )
}


class KeyRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A key that is to be made. What is left out is as with the key that makes it."""

    name: Annotated[str, Meta(description="for people", examples=["shop"])]
    scopes: Annotated[list[str], Meta(examples=[["publish:order.*"]])]
    source: str | None = None
    topic_prefix: str | None = None
    expires_at: datetime | None = None
    events_per_second: int | None = None
    bytes_per_second: int | None = None
    events_per_day: int | None = None
    streams: int | None = None
    sql_seconds_per_hour: int | None = None

    def wish(self) -> KeyWish:
        """Return what is wished."""
        return KeyWish(
            name=self.name,
            scopes=self.scopes,
            source=self.source,
            topic_prefix=self.topic_prefix,
            expires_at=self.expires_at,
            quotas=Quotas(
                events_per_second=self.events_per_second,
                bytes_per_second=self.bytes_per_second,
                events_per_day=self.events_per_day,
                streams=self.streams,
                sql_seconds_per_hour=self.sql_seconds_per_hour,
            ),
        )


@route(
    router,
    "/keys",
    summary="The keys",
    openapi_extra=documented(PARAMETERS),
    responses={200: sends(list[Key]), **problems(403, 422, 503)},
)
async def keys(request: Request) -> Response:
    """Keys in the order in which they were made, never a secret. `Link` is there while there may be more."""
    values = read_parameters(request, PARAMETERS)
    limit = values.get("limit", LIMIT_MAX)

    def select(connection: Connection) -> tuple[list[Key], str | None]:
        minter = _minter(request, connection)
        found = store.page(connection, values.get("after"), limit)
        more = found[-1].id if len(found) == limit else None
        return [key for key in found if may_change(minter, key)], more

    found, more = await services_of(request).keys_desk.run(select)
    headers = {}
    if more is not None:
        headers["Link"] = f'<{reference(request.scope, f"/keys?after={more}&limit={limit}")}>; rel="next"'
    return answer(found, headers=headers)


@route(router, "/keys/{id}", summary="One key", responses={200: sends(Key), **problems(403, 404, 422, 503)})
async def key(request: Request, id: str) -> Response:
    """What a key may do, and how it is."""
    read_parameters(request, {})
    return answer(await services_of(request).keys_desk.run(lambda connection: _mine(request, connection, id)))


@router.post(
    "/keys",
    status_code=201,
    summary="Make a key",
    openapi_extra={"requestBody": takes(KeyRequest)},
    responses={201: sends(NewKey), **problems(400, 403, 409, 413, 415, 422, 503)},
)
async def make(request: Request) -> Response:
    """Make a key that may nothing which the asker's may not. It is shown this once."""
    read_parameters(request, {})
    wish = _wish(await json_text(request, BODY_BYTES_MAX))

    def create(connection: Connection) -> NewKey:
        minter = _minter(request, connection)
        given = granted(minter, wish)
        return store.create(
            connection,
            given.name,
            read_scopes(given.scopes),
            source=given.source,
            topic_prefix=given.topic_prefix,
            expires_at=given.expires_at,
            quotas=given.quotas,
            created_by=minter.id,
        )

    try:
        made = await services_of(request).keys_desk.run(create)
    except SettingsError as error:
        raise _refused("", str(error)) from None
    return answer(made, status=201, headers={"Location": reference(request.scope, f"/keys/{made.id}")})


@router.post(
    "/keys/{id}/rotate",
    summary="Give a key another secret",
    openapi_extra=documented(ROTATION),
    responses={200: sends(NewKey), **problems(403, 404, 409, 422, 503)},
)
async def rotate(request: Request, id: str) -> Response:
    """It is shown this once; the secret before it holds on for a while."""
    overlap = read_parameters(request, ROTATION).get("overlap", read_span(OVERLAP))
    require_no_body(request)

    def change(connection: Connection) -> NewKey:
        return store.rotate(connection, _mine(request, connection, id).id, overlap)

    return answer(await services_of(request).keys_desk.run(change))


async def _set_state(request: Request, id: str, state: State) -> Response:
    read_parameters(request, {})
    require_no_body(request)

    def change(connection: Connection) -> Key:
        store.set_state(connection, _mine(request, connection, id).id, state)
        return store.one(connection, id)

    return answer(await services_of(request).keys_desk.run(change))


CHANGED = {200: sends(Key), **problems(403, 404, 409, 422, 503)}


@router.post("/keys/{id}/suspend", summary="Suspend a key", responses=CHANGED)
async def suspend(request: Request, id: str) -> Response:
    """Have it answered 503, which senders try again later."""
    return await _set_state(request, id, "suspended")


@router.post("/keys/{id}/resume", summary="Let a suspended key be used again", responses=CHANGED)
async def resume(request: Request, id: str) -> Response:
    """Undo a suspension."""
    return await _set_state(request, id, "active")


@router.post("/keys/{id}/revoke", summary="Refuse a key for ever", responses=CHANGED)
async def revoke(request: Request, id: str) -> Response:
    """It holds within 2 s on every process; open streams end."""
    return await _set_state(request, id, "revoked")


def _minter(request: Request, connection: Connection) -> Key:
    """Return the key that asks, as the database has it. Raises the Problem of who has none for that."""
    id = caller_of(request.scope).id
    act_as(connection, actor_of(request.scope))
    found = None if id is None else store.one(connection, id)
    if found is None or "keys" not in found.scopes:
        detail = "keys are made and changed by who shows one with the scope keys, or by `eventlog keys`"
        raise Problem("scope", detail)
    return found


def _mine(request: Request, connection: Connection, id: str) -> Key:
    """Return a key that the asker may change; raises KeyUnknown of others, too."""
    minter = _minter(request, connection)
    if "\0" in id or not may_change(minter, found := store.one(connection, id)):
        raise KeyUnknown(id)
    return found


def _wish(body: bytes) -> KeyWish:
    try:
        wish = msgspec.json.decode(body, type=KeyRequest).wish()
    except msgspec.ValidationError:
        raise _refused("", FORM) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("invalid_json", f"the body is no JSON: {FORM}") from None
    if wish.expires_at is not None and wish.expires_at.tzinfo is None:
        raise _refused("/expires_at", "expires_at is a time with a zone, such as 2027-01-31T00:00:00Z")
    texts = (wish.name, *wish.scopes, wish.source or "", wish.topic_prefix or "")
    if any("\0" in each for each in texts):
        raise _refused("", "a text has the character NUL")
    return wish


def _refused(pointer: str, detail: str) -> Problem:
    return Problem("invalid_field", detail, errors=[Fault(None, pointer, "invalid_field", detail)])
