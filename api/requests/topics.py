"""What of the topics that a request is about its caller may see.

A key that may read some topics sees of everything what is about these. A request that names no topic, or a
wider prefix, is answered as if it had named the key's own, where that is one pattern; where it is several,
and a route reads one at a time, it is asked to name one.
"""

from collections.abc import Sequence
from typing import Any

from api.errors import Problem
from api.http.authentication import Caller
from eventlog.keys.scopes import ALL, Verb, covers

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
    return caller_of(scope).scopes.cover(verb, topic)


def require_topic(scope: Any, topic: str, verb: Verb = "read") -> None:
    """Raise the Problem of a topic that is not for this request's caller, whether or not there is one."""
    if not sees(scope, topic, verb):
        raise _not_in_scope(scope, verb)


def seen_patterns(scope: Any, wanted: Sequence[str], verb: Verb) -> list[str]:
    """Return the patterns of what is wanted that the caller may see: as wanted, or as far as the key goes.

    Raises the Problem of a wish of which nothing is for this caller.
    """
    patterns = caller_of(scope).scopes.patterns(verb)
    seen: dict[str, None] = {}
    for wish in wanted or EVERY_TOPIC:
        inside = [wish] if any(covers(pattern, wish) for pattern in patterns) else _inside(wish, patterns)
        if not inside:
            raise _not_in_scope(scope, verb)
        seen.update(dict.fromkeys(inside))
    return list(seen)


def seen_pattern(scope: Any, wanted: str | None, verb: Verb = "read") -> str | None:
    """Return the one pattern that a read is narrowed to; None where its caller wants and sees all.

    Raises the Problem of a wish of which nothing, or more than one pattern, is for this caller.
    """
    if sees_all(scope, verb):
        return wanted
    seen = seen_patterns(scope, [] if wanted is None else [wanted], verb)
    if len(seen) > 1:
        raise Problem("scope", f"this key may {verb} several topics: name one of them, as ?topic={seen[0]}")
    return seen[0]


def _inside(wish: str, patterns: Sequence[str]) -> list[str]:
    return [pattern for pattern in patterns if covers(wish, pattern)]


def _not_in_scope(scope: Any, verb: Verb) -> Problem:
    named = ", ".join(caller_of(scope).scopes.patterns(verb))
    return Problem("scope", f"this topic is not for this key, which may {verb} {named}")
