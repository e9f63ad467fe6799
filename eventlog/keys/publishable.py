"""Which events a key may publish: by its scopes, and by the source and the prefix of topics that it fixes."""

from collections.abc import Callable, Iterator, Sequence

from eventlog.bounded_cache import BoundedCache
from eventlog.keys.scopes import ALL, Scopes

TOPICS_KEPT_MAX = 1_024


class Publishable:
    """The rule of one key. Made once for each key, since it keeps which topics it has allowed."""

    def __init__(self, scopes: Scopes, source: str | None, topic_prefix: str | None) -> None:
        self._scopes = scopes
        self._source = source
        self._prefix = topic_prefix or ""
        self._every_topic = not self._prefix and scopes.patterns("publish") == (ALL,)
        self._topics: BoundedCache[str, bool] = BoundedCache(self._is_allowed, TOPICS_KEPT_MAX)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is refused."""
        return self._every_topic and self._source is None

    def allows(self, topics: Sequence[str], sources: Sequence[str]) -> bool:
        """Say whether all events of a batch, in columns, may be published."""
        if not self._every_topic and not all(map(self._topics.__getitem__, topics)):
            return False
        return self._source is None or all(map(self._source.__eq__, sources))

    def flaws(self, topic: str, source: str) -> Iterator[tuple[str, str]]:
        """Yield the fields of an event that may not be as they are, each with the rule."""
        if not self._every_topic and not self._topics[topic]:
            patterns = ", ".join(self._scopes.patterns("publish"))
            prefix = f", and begins with {self._prefix}" if self._prefix else ""
            yield "topic", f"this key publishes to {patterns}{prefix}"
        if self._source is not None and source != self._source:
            yield "source", f"this key publishes as {self._source}"

    def _is_allowed(self, topic: str) -> bool:
        return topic.startswith(self._prefix) and self._scopes.cover("publish", topic)


class WatchedPublishable:
    """The rule of one key for one request: nothing is refused, and what would be is told, once."""

    def __init__(self, rule: Publishable, tell: Callable[[], None]) -> None:
        self._rule = rule
        self._tell = tell
        self._told = False

    def allows(self, topics: Sequence[str], sources: Sequence[str]) -> bool:
        """Allow all events of a batch."""
        if not self._rule.allows(topics, sources):
            self._tell_once()
        return True

    def flaws(self, topic: str, source: str) -> Iterator[tuple[str, str]]:
        """Find none."""
        if any(self._rule.flaws(topic, source)):
            self._tell_once()
        return iter(())

    def _tell_once(self) -> None:
        if not self._told:
            self._told = True
            self._tell()
