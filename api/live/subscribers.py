"""Which readers want an event: found by topic and by prefix, at the cost of those that do."""

from collections import Counter

from api.live.stream_reader import StreamReader
from projections.read import TopicRange, topics_like

# Beyond this many topics and prefixes, choosing by them costs the database more than it saves.
RANGES_MAX = 64
# A set that keeps its order, so that readers are served in the order in which they came.
Group = dict[StreamReader, None]


class Subscribers:
    """The readers of a hub."""

    def __init__(self) -> None:
        self._all: Group = {}
        self._exact: dict[str, Group] = {}
        self._prefixed: dict[str, Group] = {}
        # How many prefixes there are of each length: a topic is looked up once for each length.
        self._lengths: Counter[int] = Counter()

    def everybody(self) -> list[StreamReader]:
        """Return all readers."""
        return list(self._all)

    def topics(self) -> list[TopicRange] | None:
        """Return which topics are wanted at all; None where that is all of them, or too many to choose by."""
        if "" in self._prefixed or len(self._exact) + len(self._prefixed) > RANGES_MAX:
            return None
        return [
            topics_like(pattern) for pattern in (*self._exact, *(f"{prefix}*" for prefix in self._prefixed))
        ]

    def add(self, reader: StreamReader) -> None:
        """Let a reader have what it wants from now on."""
        self._all[reader] = None
        for topic in reader.wanted.topics:
            self._exact.setdefault(topic, {})[reader] = None
        for prefix in reader.wanted.prefixes:
            if prefix not in self._prefixed:
                self._lengths[len(prefix)] += 1
            self._prefixed.setdefault(prefix, {})[reader] = None

    def discard(self, reader: StreamReader) -> None:
        """Forget a reader, if it is one."""
        if reader not in self._all:
            return
        del self._all[reader]
        for topic in reader.wanted.topics:
            _remove(self._exact, topic, reader)
        for prefix in reader.wanted.prefixes:
            if _remove(self._prefixed, prefix, reader):
                self._lengths[len(prefix)] -= 1
                self._lengths += Counter()  # drops the zeros

    def of(self, topic: str, source: str) -> list[StreamReader]:
        """Return the readers that want an event of this topic and source, each once."""
        groups = [self._exact[topic]] if topic in self._exact else []
        prefixes = (topic[:length] for length in self._lengths if length <= len(topic))
        groups += [self._prefixed[prefix] for prefix in prefixes if prefix in self._prefixed]
        found = groups[0] if len(groups) == 1 else dict.fromkeys(one for group in groups for one in group)
        return [one for one in found if one.wanted.source is None or one.wanted.source == source]


def _remove(groups: dict[str, Group], name: str, reader: StreamReader) -> bool:
    """Take a reader out of a group; return whether it was the last one."""
    group = groups[name]
    del group[reader]
    if not group:
        del groups[name]
    return not group
