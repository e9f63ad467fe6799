"""Write small projections of one's own for tests."""

from pathlib import Path

from projections.custom.discovery import Discovered, discover
from projections.install import install_own

TABLES = (
    "CREATE TABLE {schema}.kept (partition smallint, position bigint, PRIMARY KEY (partition, position));"
)
STEP = "INSERT INTO {schema}.kept SELECT b.partition, b.position FROM {batch} AS b"
APPLY = """
def apply(batch, connection):
    rows = [(event.partition, event.position) for event in batch]
    connection.cursor().executemany("INSERT INTO kept VALUES (%s, %s)", rows)
"""


def write_projection(folder: Path, name: str, python: str = "", **files: str) -> Path:
    """Write a projection that keeps where each event lies; `files` by their names without .sql."""
    place = folder / name
    place.mkdir()
    texts = {"tables": TABLES, **({} if "def apply" in python else {"step": STEP}), **files}
    (place / "projection.py").write_text(python)
    for file, text in texts.items():
        (place / f"{file}.sql").write_text(text)
    return place


def installed(dsn: str, *places: Path) -> Discovered:
    """Install the projections in these folders; return them beside ours."""
    found = discover(",".join(map(str, places)))
    assert install_own(dsn, found).faults == []
    return found
