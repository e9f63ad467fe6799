"""What is on disk for each event, and how many dead rows were left behind."""

from typing import Any

from eventlog.sessions.database import Connection
from tests.benchmarks.statements import statement


def stored(observer: Connection, events: int) -> dict[str, Any]:
    """Return bytes an event of the log, of each projection and of the books, tables and indexes apart."""
    bytes_each: dict[str, float] = {}
    dead: dict[str, int] = {}
    largest: dict[str, int] = {}
    for name, table_bytes, index_bytes, dead_rows in observer.execute(statement("stored")):
        of = _part(name)
        for kind, size in (("tables", table_bytes), ("indexes", index_bytes)):
            bytes_each[f"{of} {kind}"] = bytes_each.get(f"{of} {kind}", 0.0) + size / events
        largest[name] = table_bytes + index_bytes
        if dead_rows:
            dead[name] = dead_rows
    return {
        "bytes_per_event": {name: round(size, 1) for name, size in bytes_each.items() if size >= 0.05},
        "dead_rows": dead,
        "table_mib": {name: round(size / (1 << 20), 1) for name, size in largest.items() if size >= 1 << 20},
    }


def _part(table: str) -> str:
    schema, _, name = table.partition(".")
    if schema != "eventlog":
        return schema.rpartition("_")[0] or schema
    return "log" if name.startswith("inbox") else "books"
