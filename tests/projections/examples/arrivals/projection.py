"""A projection in Python, of every delivery: how many items each one has."""

from eventlog.sessions.database import Connection
from projections.delivery import Delivery

each = "delivery"

INSERT = "INSERT INTO arrivals (partition, position, topic, items) VALUES (%s, %s, %s, %s)"


def apply(batch: list[Delivery], connection: Connection) -> None:
    rows = [(each.partition, each.position, each.topic, len(each.payload["b"])) for each in batch]
    connection.cursor().executemany(INSERT, rows)
