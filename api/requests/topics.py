"""What of the topics that a request is about its caller may see.

A key that may read some topics sees of everything what is about these. A request that names no topic, or a
wider prefix, is answered as if it had named the key's own, where that is one pattern; where it is several,
and a route reads one at a time, it is asked to name one.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from api.errors import Problem
from api.http.authentication import Caller
from eventlog.keys.scopes import ALL, Scopes, Verb, covers

T = TypeVar("T")

EVERY_TOPIC = (ALL,)


def caller_of(scope: Any) -> Caller:
    """Return who sends a request."""
    caller: Caller = scope["caller"]
    return caller


def sees_all(scope: Any, verb: Verb = "read") -> bool:
    """Say whether a request's caller may see every topic."""
    return caller_of(scope).scopes.patterns(verb) == EVERY_TOPIC


def sees(scope: Any, topic: str, verb: Verb = "read") -> bool:
    """Say whether a request's caller may see a topic, or all topics of a pattern."""
    try:
        require_topic(scope, topic, verb)
    except Problem:
        return False
    return True


def require_topic(scope: Any, topic: str, verb: Verb = "read") -> None:
    """Raise the Problem of a topic that is not for this request's caller, whether or not there is one."""

    def decide(scopes: Scopes) -> None:
        if not scopes.cover(verb, topic):
            raise _not_in_scope(scopes, verb)

    _decided(scope, decide)


def seen_patterns(scope: Any, wanted: Sequence[str], verb: Verb) -> list[str]:
    """Return the patterns of what is wanted that the caller may see: as wanted, or as far as the key goes.

    Raises the Problem of a wish of which nothing is for this caller.
    """
    return _decided(scope, lambda scopes: _narrowed(scopes, wanted, verb))


def seen_pattern(scope: Any, wanted: str | None, verb: Verb = "read") -> str | None:
    """Return the one pattern that a read is narrowed to; None where its caller wants and sees all.

    Raises the Problem of a wish of which nothing, or more than one pattern, is for this caller.
    """

    def decide(scopes: Scopes) -> str | None:
        if scopes.patterns(verb) == EVERY_TOPIC:
            return wanted
        seen = _narrowed(scopes, [] if wanted is None else [wanted], verb)
        if len(seen) > 1:
            detail = f"this key may {verb} several topics: name one of them, as ?topic={seen[0]}"
            raise Problem("scope", detail)
        return seen[0]

    return _decided(scope, decide)


def _decided(scope: Any, decide: Callable[[Scopes], T]) -> T:
    """Decide by the caller's scopes. Where keys are only observed, count what theirs would not open."""
    caller = caller_of(scope)
    if caller.observed is not None:
        try:
            decide(caller.observed.scopes)
        except Problem:
            caller.observed.note()
    return decide(caller.scopes)


def _narrowed(scopes: Scopes, wanted: Sequence[str], verb: Verb) -> list[str]:
    patterns = scopes.patterns(verb)
    seen: dict[str, None] = {}
    for wish in wanted or EVERY_TOPIC:
        inside = [wish] if any(covers(pattern, wish) for pattern in patterns) else _inside(wish, patterns)
        if not inside:
            raise _not_in_scope(scopes, verb)
        seen.update(dict.fromkeys(inside))
    return list(seen)


def _inside(wish: str, patterns: Sequence[str]) -> list[str]:
    return [pattern for pattern in patterns if covers(wish, pattern)]


def _not_in_scope(scopes: Scopes, verb: Verb) -> Problem:
    named = ", ".join(scopes.patterns(verb))
    return Problem("scope", f"this topic is not for this key, which may {verb} {named}")
