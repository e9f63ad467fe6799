from collections.abc import Callable, Iterator

import psycopg
import pytest

from eventlog.embedded import EmbeddedServer
from tests.support.postgres import at_database

type_of_jsonb = Callable[[bytes], str | None]


@pytest.fixture(scope="session")
def postgres(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    """Connect for questions that touch no table; one connection for all, as Hypothesis asks hundreds."""
    dsn = at_database(server.superuser_dsn, "postgres")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection


@pytest.fixture(scope="session")
def jsonb_type(postgres: psycopg.Connection) -> type_of_jsonb:
    """Return a function that says what kind of value a text is to PostgreSQL; None if it is refused."""

    def ask(text: bytes) -> str | None:
        try:
            row = postgres.execute(
                "SELECT jsonb_typeof(convert_from(%s, 'UTF8')::json::text::jsonb)", (text,)
            ).fetchone()
        except psycopg.DataError:
            return None
        assert row is not None
        return str(row[0])

    return ask
