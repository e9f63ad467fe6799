"""The SQL files: each statement is used, each folder belongs to one package, the log names no projection."""

import ast
import re
from collections import defaultdict
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from eventlog.statements import SQL_DIR, named_statements, statement
from projections.projection import PROJECTIONS
from tests.support.root import ROOT

PACKAGES = ("eventlog", "projections", "api", "publisher")
QUERIES = SQL_DIR / "queries"
INCLUDE = re.compile(r"\{include ([\w/]+\.sql)\}")
# Relations that a statement reads, writes or makes, but for those of the schema audit.
RELATION = (
    r"\b(?:FROM|JOIN|INTO|UPDATE|ONLY|TABLE|VIEW|ON)\s+(?:eventlog\.|(?:core|timeline)_?\d*\.)?(\w+)\b(?!\.)"
)
LINES_OF_A_SHORT_ONE = 2


def statements() -> set[str]:
    """Return the names of all statements."""
    names: set[str] = set()
    for path in QUERIES.glob("*/*.sql"):
        stems = named_statements(path) if path.stem == "short" else [path.stem]
        names.update(f"{path.parent.name}/{stem}" for stem in stems)
    return names


@cache
def trees() -> dict[str, list[ast.Module]]:
    """Return the modules of each package."""
    return {
        package: [ast.parse(path.read_text("utf-8")) for path in (ROOT / package).rglob("*.py")]
        for package in PACKAGES
    }


@cache
def users() -> dict[str, set[str]]:
    """Return which packages name each statement."""
    found = defaultdict(set)
    for package, parsed in trees().items():
        for node in chain.from_iterable(map(ast.walk, parsed)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found[node.value].add(package)
    return {name: found[name] for name in statements()}


def code(text: str) -> str:
    """Return SQL without comments and blank lines."""
    return re.sub(r"\n+", "\n", re.sub(r"--[^\n]*", "", text)).strip()


def test_every_statement_is_used() -> None:
    assert [name for name, packages in users().items() if not packages] == []


def test_each_folder_is_loaded_by_one_package() -> None:
    folders = defaultdict(set)
    for name, packages in users().items():
        folders[name.partition("/")[0]].update(packages)
    assert {folder: packages for folder, packages in folders.items() if len(packages) != 1} == {}


def test_every_name_that_is_loaded_is_there() -> None:
    called = {
        node.args[0].value
        for tree in chain.from_iterable(trees().values())
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "statement"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }
    assert called - statements() == set()


def test_what_shares_a_file_is_a_line_or_two() -> None:
    texts = {
        f"{path.parent.name}/{name}": code(text)
        for path in QUERIES.glob("*/short.sql")
        for name, text in named_statements(path).items()
    }
    assert [name for name, text in texts.items() if len(text.splitlines()) > LINES_OF_A_SHORT_ONE] == []


def test_every_fragment_is_shared() -> None:
    included = [name for path in SQL_DIR.rglob("*.sql") for name in INCLUDE.findall(path.read_text("utf-8"))]
    fragments = [f"fragments/{path.name}" for path in (SQL_DIR / "fragments").glob("*.sql")]
    assert [name for name in fragments if included.count(name) < 2] == []
    assert sorted(set(included) - set(fragments)) == []


def test_a_statement_of_another_name_is_none() -> None:
    with pytest.raises(KeyError):
        statement("append/nothing")


def of_projections() -> set[str]:
    """Return the tables and views of our projections."""
    made = re.compile(r"CREATE (?:TABLE|(?:OR REPLACE )?VIEW) (?:\{schema\}\.|eventlog\.)?(\w+)")
    folders = [projection.folder for projection in PROJECTIONS]
    return {
        name
        for folder in folders
        for path in folder.glob("*.sql")
        for name in made.findall(path.read_text("utf-8"))
    }


def of_the_log() -> list[Path]:
    """Return the files whose SQL the log runs."""
    own = {name.partition("/")[0] for name, packages in users().items() if packages == {"eventlog"}}
    folders = [SQL_DIR, SQL_DIR / "migrations", SQL_DIR / "functions", *(QUERIES / name for name in own)]
    return [path for folder in folders for path in folder.glob("*.sql")] + list(
        (SQL_DIR / "audit").glob("[!q]*/*.sql")
    )


def test_the_logs_sql_names_nothing_of_a_projection() -> None:
    """Views of the schema audit get the text of stable views in braces; saved questions read audit views."""
    projected = of_projections()
    assert {"events", "stats_deltas", "minutes", "timeline"} <= projected
    named = {
        f"{path.relative_to(SQL_DIR)}: {relation}"
        for path in of_the_log()
        for relation in re.findall(RELATION, code(path.read_text("utf-8")))
        if relation in projected
    }
    assert named == set()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM events",
        "JOIN eventlog.stats AS s",
        "INSERT INTO core_2.stats_deltas",
        "FROM timeline t",
    ],
)
def test_such_a_name_would_be_found(text: str) -> None:
    assert set(re.findall(RELATION, text)) & of_projections()
