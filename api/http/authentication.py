"""Who a caller is, by the key of a request, and whether the route is for them.

A key comes in the Authorization header: as Bearer, or as the password of Basic. The web console has a cookie
in its place (api/routes/session.py), and a client certificate may be as good as a key; the header goes before
the cookie, and the cookie before the certificate. Without, with a malformed, unknown or wrong one, the answer
is the same 401; only who holds the right secret learns that a key is expired or revoked. A suspended key is
answered 503, since shippers drop what 401 and 403 refuse.
"""

import asyncio
import binascii
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, get_args

import msgspec

from api.errors import Problem, wrong_method
from api.http.permissions import Permission, methods_of, permission_for
from eventlog.bounded_cache import BoundedCache
from eventlog.keys.directory import KeyDirectory, KnownKey
from eventlog.keys.form import KEY_LENGTH, Presented, read_key
from eventlog.keys.meter import KeyMeter, KeyMeters
from eventlog.keys.publishable import Publishable
from eventlog.keys.scopes import EVERYTHING, Scopes
from eventlog.keys.session_token import TOKEN_LENGTH_MAX, SessionToken, read_token
from eventlog.keys.uses import KeyUses
from eventlog.tls.client_certificate import ShownCertificate

Mode = Literal["open", "observe", "required"]
# What came of a request's key; each is counted.
Outcome = Literal["accepted", "missing", "wrong", "expired", "revoked", "suspended", "scope", "unknown_now"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Means = Literal["header", "cookie", "certificate"]

PRESENTED_KEPT_MAX = 4_096
BASIC_BYTES_MAX = 1_024
COOKIE = "eventlog_session"
_COOKIE = re.compile(rb"(?:^|; ?)%b=([0-9a-z.]{1,%d})(?:;|$)" % (COOKIE.encode(), TOKEN_LENGTH_MAX))
# How often the holder of an open stream is checked again.
CHECK_SECONDS = 0.25


class Observed(msgspec.Struct, frozen=True):
    """What a caller's key would open if keys were required, and how to count what it would not."""

    scopes: Scopes
    publishable: Publishable | None
    note: Callable[[], None]


class Caller(msgspec.Struct, frozen=True, gc=False):
    """The sender of a request, and what they may do. `id` is None without a key.

    publishable: which events may come from them; None for any. generation and ends_at
    tell until when that is known: api/http/publish_fast_path.py asks often. by: how they say who they are;
    a cookie or a certificate may be a browser's, and a page of another origin may have had it sent.
    observed: of who is let in whatever their key says. meter: what they use, where they have a quota.
    """

    id: str | None
    scopes: Scopes
    publishable: Publishable | None = None
    generation: int = 0
    ends_at: float = 0.0
    by: Means = "header"
    observed: Observed | None = None
    meter: KeyMeter | None = None


ANYBODY = Caller(None, EVERYTHING)


class Authentication:
    """Authenticates callers, for one process. `counted` has how often each outcome was."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        # There once the service has started, where keys are looked at.
        self.directory: KeyDirectory | None = None
        self.meters: KeyMeters | None = None
        self.uses: KeyUses | None = None
        self.counted: Counter[Outcome] = Counter()
        self._held: list[tuple[Any, Callable[[], None]]] = []
        self._checking: asyncio.TimerHandle | None = None
        # To check a form and take a digest costs more than all else here.
        self._presented: BoundedCache[bytes, Presented | None] = BoundedCache(_presented, PRESENTED_KEPT_MAX)

    @contextmanager
    def holding(self, scope: Any, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` when a request that goes on for long, as a stream does, would no longer be let in."""
        if self.mode != "required":
            yield
            return
        held = (scope, end)
        self._held.append(held)
        if self._checking is None:
            self._checking = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_held)
        try:
            yield
        finally:
            self._held.remove(held)

    def _check_held(self) -> None:
        for scope, end in self._held:
            try:
                self._identified(scope)
            except Problem:
                end()
        self._checking = None
        if self._held:
            self._checking = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_held)

    def caller_of(self, scope: Any) -> Caller:
        """Return the caller of a request, if the route is for them; raise the Problem of one that is not."""
        if self.mode == "open":
            return ANYBODY
        caller = self._identified(scope)
        if caller.id is not None:
            self._note_use(caller.id)
        return caller

    def _note_use(self, key_id: str) -> None:
        self.counted["accepted"] += 1
        if self.uses is not None:
            self.uses.used(key_id)

    def _identified(self, scope: Any) -> Caller:
        permission = permission_for(scope["method"], scope["path"])
        if permission is not None and permission.is_public:
            return ANYBODY
        try:
            caller = self._identify(scope["headers"], _certificate(scope))
            if permission is None or not permission.is_for(caller.scopes):
                raise self._not_allowed(scope["path"], permission)
        except Problem:
            if self.mode == "required":
                raise
            return ANYBODY
        return caller if self.mode == "required" else self._observed(caller)

    def _observed(self, caller: Caller) -> Caller:
        """Return a caller who may do everything, and of whom it is counted what their key would not open."""
        observed = Observed(caller.scopes, caller.publishable, self._note_beyond)
        return msgspec.structs.replace(caller, scopes=EVERYTHING, publishable=None, observed=observed)

    def _note_beyond(self) -> None:
        self.counted["scope"] += 1

    def still_holds(self, caller: Caller) -> bool:
        """Say whether a caller who was found out before is still who they were, and may do it. Counts it."""
        if self.mode == "open":
            return True
        directory = self.directory
        if directory is None or caller.id is None or caller.generation != directory.generation:
            return False
        if time.monotonic() >= min(directory.fresh_until, caller.ends_at):
            return False
        self._note_use(caller.id)
        return True

    def _identify(
        self, headers: Sequence[tuple[bytes, bytes]], certificate: ShownCertificate | None
    ) -> Caller:
        given = [value for name, value in headers if name == b"authorization"]
        if not given:
            # What is said with a request goes before what its connection has shown once.
            found = _token(headers) or certificate
            if found is None:
                raise self._unauthorized("missing")
            return self._caller(found)
        # Said twice, it is neither of both.
        return self._caller(self._presented[given[0]] if len(given) == 1 else None)

    def require_good(self, presented: Presented | None) -> None:
        """Raise the Problem of a key that is not good now."""
        if self.mode == "open":
            raise Problem("not_found", "this service asks nobody for a key")
        self._caller(presented)

    def _caller(self, presented: Presented | SessionToken | ShownCertificate | None) -> Caller:
        directory = self.directory
        if directory is None or not directory.is_fresh:
            raise self._later("unknown_now", "the keys cannot be read now, so nobody is known: try again")
        # Before the keys: what is found by older ones must not pass for newer.
        generation = directory.generation
        key = None if presented is None else _found(directory, presented)
        if key is None:
            raise self._unauthorized("wrong")
        ends_at = key.ends_at
        by: Means = "cookie" if isinstance(presented, SessionToken) else "header"
        if isinstance(presented, ShownCertificate):
            by, ends_at = "certificate", min(ends_at, presented.ends_at)
        self._require_holding(key, ends_at)
        return Caller(
            key.id,
            key.scopes,
            None if key.publishable.is_everything else key.publishable,
            generation,
            ends_at,
            by,
            meter=None if self.meters is None else self.meters.of(key.id, key.quotas),
        )

    def _require_holding(self, key: KnownKey, ends_at: float) -> None:
        if key.state == "revoked":
            raise self._unauthorized("revoked")
        if time.monotonic() >= ends_at:
            raise self._unauthorized("expired")
        if key.state == "suspended":
            raise self._later("suspended", "this key is suspended for now: try again later")

    def _unauthorized(self, outcome: Outcome) -> Problem:
        self.counted[outcome] += 1
        words = {
            "expired": ("key_expired", "this key is expired, or was rotated: use the one that replaces it"),
            "revoked": ("key_revoked", "this key is revoked"),
        }
        code, detail = words.get(
            outcome,
            (
                "unauthorized",
                "this service asks for a key: Authorization: Bearer evl_…, or Basic with the key as its "
                "password; `eventlog keys create` makes one",
            ),
        )
        return Problem(code, detail, headers={"WWW-Authenticate": 'Bearer realm="eventlog"'})

    def _later(self, outcome: Outcome, detail: str) -> Problem:
        self.counted[outcome] += 1
        code = "key_suspended" if outcome == "suspended" else "keys_unknown"
        return Problem(code, detail)

    def _not_allowed(self, path: str, permission: Permission | None) -> Problem:
        if permission is None:
            methods = methods_of(path)
            return wrong_method(methods) if methods else Problem("not_found", "there is no such route")
        self.counted["scope"] += 1
        return Problem("scope", f"this key may not do that: it needs {permission.needed} among its scopes")


def _certificate(scope: Any) -> ShownCertificate | None:
    """Return what the connection has shown; requests of which there is none are a test's."""
    connection = scope.get("connection")
    return None if connection is None else connection.certificate


def _found(
    directory: KeyDirectory, presented: Presented | SessionToken | ShownCertificate
) -> KnownKey | None:
    if isinstance(presented, ShownCertificate):
        return directory.find_certified(presented.fingerprint)
    return directory.find(presented)


def _token(headers: Sequence[tuple[bytes, bytes]]) -> SessionToken | None:
    """Return the web console's cookie, where there is one."""
    for name, value in headers:
        if name == b"cookie" and (found := _COOKIE.search(value)):
            return read_token(found[1].decode("ascii"))
    return None


def _presented(authorization: bytes) -> Presented | None:
    """Read an Authorization header; None where it holds no key."""
    scheme, _, rest = authorization.decode("latin-1").partition(" ")
    rest = rest.strip(" ")
    if scheme.lower() == "bearer":
        return read_key(rest) if len(rest) == KEY_LENGTH else None
    if scheme.lower() != "basic" or len(rest) > BASIC_BYTES_MAX:
        return None
    try:
        user_and_password = binascii.a2b_base64(rest.encode("latin-1"), strict_mode=True)
    except ValueError:
        return None
    return read_key(user_and_password.partition(b":")[2].decode("latin-1"))
