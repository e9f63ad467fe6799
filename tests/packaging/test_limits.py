"""docs/limits.md names every bound of the product, by the value that it has, and nothing else."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from eventlog.settings import Settings
from tests.support.api import running_api
from tests.support.certificates import Authority, Files
from tests.support.root import ROOT

PACKAGES = ("api", "eventlog", "projections", "publisher")
# What makes up a load or a demonstration bounds nothing of anybody else's.
OF_THEIR_OWN = ("publisher/demo/", "publisher/simulation/")
BOUND = re.compile(r"[A-Z][A-Z0-9_]*_(?:MAX|LIMIT|SECONDS|MILLISECONDS)(?:_MAX|_SECONDS)?")
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1, "ms": 1e-3, "min": 60, "days": 86_400}
VALUE = re.compile(r"([\d,.]+) ?(KiB|MiB|GiB|s|ms|min|days)?")


class Row(NamedTuple):
    """A row of a table: what is bounded, by what name, at what, and whatever else it tells."""

    what: str
    names: list[str]
    value: str
    rest: str


@cache
def rows() -> list[Row]:
    text = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) >= 3 and "`" in cells[1]:
            names = re.findall(r"`([^`]+)`", cells[1])
            found.append(Row(cells[0], names, cells[2], " | ".join(cells[3:])))
    return found


def named() -> set[str]:
    return {name for row in rows() for name in row.names}


def constants(path: Path) -> set[str]:
    """Return the bounds of a module, by their full names."""
    module = str(path.relative_to(ROOT))[: -len(".py")].replace("/", ".")
    targets = [
        target
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
    ]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return {f"{module}.{name}" for name in names if BOUND.fullmatch(name)}


def test_every_bound_in_the_code_is_on_the_page() -> None:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    own = [path for path in paths if not str(path.relative_to(ROOT)).startswith(OF_THEIR_OWN)]
    assert {name for path in own for name in constants(path)} - named() == set()


def test_every_setting_that_is_a_bound_is_on_the_page() -> None:
    bounds = {name for name in Settings.model_fields if name.endswith(("_max", "_seconds"))}
    assert {f"EVENTLOG_{name.upper()}" for name in bounds} - named() == set()


def value_of(name: str) -> object:
    """Return what a name on the page has in the code."""
    if name.startswith("EVENTLOG_"):
        return Settings.model_fields[name.removeprefix("EVENTLOG_").lower()].default
    module, _, constant = name.rpartition(".")
    return getattr(import_module(module), constant)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.names[0])
def test_what_is_on_the_page_exists_and_has_that_value(row: Row) -> None:
    for name in row.names:
        value = value_of(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        told = VALUE.fullmatch(row.value)
        assert told is not None, f"{row.value} is no value"
        factor = 1e-3 if "MILLISECONDS" in name else 86_400 if "_DAYS" in name else 1
        assert float(told[1].replace(",", "")) * UNITS[told[2] or ""] == pytest.approx(value * factor), name


def test_every_code_on_the_page_is_one_that_is_answered() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").rglob("*.py"))
    sources += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "eventlog").rglob("*.py"))
    answered = {code for row in rows() for code in re.findall(r"\b[45]\d\d `(\w+)`", row.rest)}
    assert {code for code in answered if f'"{code}"' not in sources and code not in INVALID} == set()


# Made of a field's name.
INVALID = {f"invalid_{field}" for field in ("topic", "event_id", "timestamp", "source")}


def test_every_metric_on_the_page_is_scraped(database: str, tmp_path: Path) -> None:
    files = Files(tmp_path, Authority())
    files.put(files.authority.issue())
    with (
        running_api(database, **files.settings) as url,
        httpx2.Client(base_url=url, timeout=15, verify=files.trusted) as client,
    ):
        assert client.get("/nowhere").status_code == 404
        scraped = client.get("/metrics").text
    text = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
    metrics = set(re.findall(r"`(eventlog_\w+)", text))
    assert len(metrics) > 8
    assert {metric for metric in metrics if not re.search(rf"^{metric}[ {{]", scraped, re.MULTILINE)} == set()
