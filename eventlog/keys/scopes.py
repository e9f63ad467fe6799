"""What a key may do: verbs, each with the topics that it is about. Computes, and asks nobody."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from eventlog.errors import SettingsError
from eventlog.intake.fields import any_topic_flaw, topic_flaw

Verb = Literal["publish", "read", "subscribe", "sql", "operate", "metrics", "keys"]
# These are about topics; the others are about all there is.
ABOUT_TOPICS: Final[tuple[Verb, ...]] = ("publish", "read", "subscribe")
VERBS: Final[tuple[Verb, ...]] = (*ABOUT_TOPICS, "sql", "operate", "metrics", "keys")
ALL = "*"
SCOPES_MAX = 100


class Scope(NamedTuple):
    """A verb, and its topics: one, or a prefix with an asterisk."""

    verb: Verb
    pattern: str = ALL

    def __str__(self) -> str:
        return f"{self.verb}:{self.pattern}" if self.verb in ABOUT_TOPICS else self.verb


def read_scope(text: str) -> Scope:
    """Read `VERB` or `VERB:PATTERN`. Raises SettingsError, which says what is wrong."""
    verb, colon, pattern = text.partition(":")
    if verb not in VERBS:
        raise SettingsError(f"scope {text!r}: the verbs are {', '.join(VERBS)}")
    if not colon:
        return Scope(verb)
    if verb not in ABOUT_TOPICS:
        raise SettingsError(f"scope {text!r}: {verb} is about no topics, so it is written without a pattern")
    if flaw := _pattern_flaw(verb, pattern):
        raise SettingsError(
            f"scope {text!r}: a pattern is a topic, or a prefix with * at its end; this one {flaw}"
        )
    return Scope(verb, pattern)


def _pattern_flaw(verb: str, pattern: str) -> str | None:
    # Topics of our own can be read, and nobody publishes them.
    flaw_of = topic_flaw if verb == "publish" else any_topic_flaw
    prefix = pattern.removesuffix(ALL)
    if prefix == pattern:
        return flaw_of(pattern)
    # A prefix may end where no topic could: in white space.
    return flaw_of(f"{prefix}x")


def covers(wider: str, narrower: str) -> bool:
    """Say whether each topic of one pattern (or the topic that it is) is one of another's."""
    if not wider.endswith(ALL):
        return wider == narrower
    return narrower.startswith(wider[:-1])


class Scopes:
    """All that one key may do."""

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self.scopes = tuple(scopes)
        self._patterns: dict[Verb, tuple[str, ...]] = {}
        for verb in VERBS:
            patterns = [scope.pattern for scope in self.scopes if scope.verb == verb]
            # What another of them covers adds nothing.
            self._patterns[verb] = tuple(
                pattern
                for at, pattern in enumerate(patterns)
                if not any(
                    covers(other, pattern) and (other != pattern or place < at)
                    for place, other in enumerate(patterns)
                    if place != at
                )
            )

    def allow(self, verb: Verb) -> bool:
        """Say whether the verb is among them, for whatever topics."""
        return bool(self._patterns[verb])

    def patterns(self, verb: Verb) -> tuple[str, ...]:
        """Return the topics of a verb, without what others cover."""
        return self._patterns[verb]

    def cover(self, verb: Verb, pattern: str) -> bool:
        """Say whether a topic, or all topics of a pattern, are allowed."""
        return any(covers(wider, pattern) for wider in self._patterns[verb])

    def include(self, others: "Scopes") -> bool:
        """Say whether nothing of the others goes beyond these."""
        return all(self.cover(scope.verb, scope.pattern) for scope in others.scopes)

    def texts(self) -> list[str]:
        """Return them as they are written."""
        return [str(scope) for scope in self.scopes]


def read_scopes(texts: Sequence[str]) -> Scopes:
    """Read the scopes of one key. Raises SettingsError."""
    if not texts:
        raise SettingsError(
            "a key without a scope may do nothing: name one at least, such as --scope publish"
        )
    if len(texts) > SCOPES_MAX:
        raise SettingsError(f"a key has at most {SCOPES_MAX} scopes, not {len(texts)}")
    return Scopes(dict.fromkeys(read_scope(text) for text in texts))


EVERYTHING = Scopes(Scope(verb) for verb in VERBS)
