"""Signing in to the web console: a key is shown once, and a cookie stands for it until it or the key ends."""

import time

import msgspec
from fastapi import APIRouter, Request, Response

from api.errors import Problem
from api.http.authentication import COOKIE, Authentication
from api.http.request_origin import RequestOrigin
from api.openapi import takes
from api.routes.read_route import HEADERS, json_text, problems
from eventlog.events import Fault
from eventlog.keys.form import read_key
from eventlog.keys.session_token import make_token

router = APIRouter(tags=["service"])

SIGNED_IN_SECONDS_MAX = 12 * 3_600
BODY_BYTES_MAX = 1_024


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """A key."""

    key: str


@router.post(
    "/session",
    summary="Sign in to the web console",
    status_code=204,
    openapi_extra={"requestBody": takes(SignIn)},
    responses=problems(400, 401, 404, 413, 415, 422, 503),
)
async def sign_in(request: Request) -> Response:
    """Take a key and set a cookie for the web console, which ends after 12 hours, or with the key."""
    authentication: Authentication = request.app.state.authentication
    presented = read_key(await _key(request))
    authentication.require_good(presented)
    assert presented is not None
    token = make_token(presented.id, int(time.time()) + SIGNED_IN_SECONDS_MAX, presented.digest)
    return _answer(request, str(token), SIGNED_IN_SECONDS_MAX)


@router.delete("/session", summary="Sign out of the web console", status_code=204)
async def sign_out(request: Request) -> Response:
    """Take the cookie back."""
    return _answer(request, "", 0)


async def _key(request: Request) -> str:
    body = await json_text(request, BODY_BYTES_MAX)
    try:
        return msgspec.json.decode(body, type=SignIn).key.strip()
    except msgspec.ValidationError:
        raise _not_a_key() from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Problem("invalid_json", "the body is no JSON") from None


def _not_a_key() -> Problem:
    detail = 'send {"key": "evl_…"}, and nothing else'
    return Problem("invalid_field", detail, errors=[Fault(None, "/key", "invalid_field", detail)])


def _answer(request: Request, token: str, seconds: int) -> Response:
    origin: RequestOrigin = request.scope["request_origin"]
    secure = "; Secure" if origin.scheme == "https" else ""
    cookie = f"{COOKIE}={token}; Max-Age={seconds}; Path={origin.prefix}/; HttpOnly; SameSite=Strict{secure}"
    return Response(status_code=204, headers={**HEADERS, "Set-Cookie": cookie})
