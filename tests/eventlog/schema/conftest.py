"""Databases without a schema, and code that brings other migrations."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from psycopg import sql

from eventlog.embedded import EmbeddedServer
from eventlog.statements import SQL_DIR
from tests.support.postgres import at_database, create_database, run_as_superuser

_numbers = count(1)


@pytest.fixture
def new_database(server: EmbeddedServer) -> Iterator[Callable[[], str]]:
    """Create empty databases; dropped after the test."""
    names: list[str] = []

    def create() -> str:
        names.append(f"empty_{next(_numbers)}")
        create_database(server, names[-1])
        return at_database(server.dsn, names[-1])

    yield create
    for name in names:
        run_as_superuser(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have migrate() read its SQL from a copy; return the copy's folder of migrations."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL_DIR, folder)
    monkeypatch.setattr("eventlog.schema.migrate.SQL_DIR", folder)
    return folder / "migrations"
