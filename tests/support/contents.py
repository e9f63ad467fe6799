"""What a projection says, by hashes, for comparison."""

import psycopg

from projections import content
from projections.projection import Projection
from projections.versions import Version


def content_of_live(dsn: str, projection: Projection) -> list[tuple[str, int, int, str]]:
    """Return (relation, partition, rows, hash) of a projection's live version."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        row = connection.execute(
            "SELECT live_version FROM projections WHERE name = %s", [projection.name]
        ).fetchone()
        assert row is not None
        version = Version(projection, row[0], f"{projection.name}_{row[0]}")
        names = content.tables(connection, version.schema_name)
        return [
            (each.relation, each.partition, each.rows, each.hash)
            for each in content.hashes(connection, version, names)
        ]
