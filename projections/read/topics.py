"""Which topics a read is of: one, all with a prefix, or every one. Pure."""

import msgspec

from eventlog.log.partitions import partition_of

# Text that no topic reaches: topics have at most 255 bytes, and these are 256 of the last character.
BEYOND = "\U0010ffff" * 64
# The least text that follows a topic without continuing it: there is no NUL in PostgreSQL's text.
NEXT = "\x01"
SURROGATES_FIRST, SURROGATES_LAST, LAST = 0xD800, 0xDFFF, 0x10FFFF


class TopicRange(msgspec.Struct, frozen=True):
    """Topics from `low` on, below `high`, in the order of their bytes; `one` where it is a single one."""

    low: str = ""
    high: str = BEYOND
    one: str | None = None

    def partitions(self, count: int) -> list[int]:
        """Return the partitions in which such topics live."""
        return list(range(count)) if self.one is None else [partition_of(self.one, count)]


EVERY_TOPIC = TopicRange()


def topics_like(pattern: str) -> TopicRange:
    """Return the topics that `order.item` or `order.*` means; an asterisk elsewhere is not special."""
    if not pattern.endswith("*"):
        return TopicRange(pattern, pattern + NEXT, pattern)
    prefix = pattern[:-1]
    return TopicRange(prefix, _after(prefix))


def _after(prefix: str) -> str:
    """Return the least text above everything that begins with prefix."""
    kept = prefix.rstrip(chr(LAST))
    if not kept:
        return BEYOND
    following = ord(kept[-1]) + 1
    if SURROGATES_FIRST <= following <= SURROGATES_LAST:
        following = SURROGATES_LAST + 1
    return kept[:-1] + chr(following)
