"""Topics and the partitions they live in: the one truth that Python and SQL are both tested against.

Worked out with sha256sum and pencil, by neither of the two. Changing a vector would strand every delivery
in an existing log.
"""

# topic, partitions, partition
PARTITION_VECTORS: tuple[tuple[str, int, int], ...] = (
    ("a", 1, 0),
    ("a", 8, 0xCA978112 % 8),
    ("a", 1024, 0xCA978112 % 1024),
    ("payment.notification", 4, 0x98351056 % 4),
    ("payment.notification", 7, 0x98351056 % 7),
    ("payment.notification", 1024, 0x98351056 % 1024),
    ("é", 8, 0x4A99557E % 8),
    ("日本語.注文.作成", 8, 0x34DA5CC4 % 8),
    ("🎉", 1000, 0x6146299C % 1000),
    ("order.created", 3, 0xA9A59A2F % 3),
)
