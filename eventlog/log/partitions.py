"""Which partition a topic lives in: for ever, and the same in Python as in SQL."""

from functools import lru_cache
from hashlib import sha256

# Topics are few and come again and again; the bound only keeps a flood of new ones from growing the process.
CACHED_TOPICS_MAX = 16_384


@lru_cache(maxsize=CACHED_TOPICS_MAX)
def partition_of(topic: str, partitions: int) -> int:
    """Return the topic's partition, 0 ≤ partition < partitions.

    It is the first 4 bytes of sha256(UTF-8 of topic), as an unsigned big-endian integer, mod partitions;
    `sql/functions/partition_of.sql` says the same.
    """
    return int.from_bytes(sha256(topic.encode()).digest()[:4], "big") % partitions
