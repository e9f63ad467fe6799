"""Projections of one's own are found where the setting or a package says, or refused by name."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.errors import SettingsError
from projections.custom.discovery import discover
from projections.projection import PROJECTIONS
from tests.support.own import APPLY, write_projection


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that modules are imported from."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("shop", None)


def names(setting: str) -> list[str]:
    found = discover(setting)
    assert found.faults == ()
    return [projection.name for projection in found.projections[len(PROJECTIONS) :]]


def faults(setting: str) -> str:
    found = discover(setting)
    assert found.projections == PROJECTIONS
    return "; ".join(found.faults)


def test_without_a_setting_there_are_ours() -> None:
    assert discover("").projections == PROJECTIONS


@pytest.mark.parametrize("separator", [",", ":", " , "])
def test_folders_are_listed_in_the_setting(tmp_path: Path, separator: str) -> None:
    places = [write_projection(tmp_path, name) for name in ("one", "two")]
    assert names(separator.join(map(str, places))) == ["one", "two"]


def test_a_module_is_a_folder_too(importable: Path) -> None:
    (importable / "shop").mkdir()
    (importable / "shop" / "__init__.py").touch()
    write_projection(importable / "shop", "revenue", APPLY)
    assert names("shop.revenue") == ["revenue"]


def test_an_installed_package_needs_no_setting(importable: Path) -> None:
    (importable / "shop").mkdir()
    (importable / "shop" / "__init__.py").touch()
    write_projection(importable / "shop", "revenue")
    metadata = importable / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[eventlog.projections]\nrevenue = shop.revenue\nlost = shop.lost\n"
    )
    importlib.invalidate_caches()
    found = discover("")
    assert [projection.name for projection in found.projections[len(PROJECTIONS) :]] == ["revenue"]
    assert found.faults == ("projection lost cannot be used: there is no module shop.lost",)


def test_a_place_where_there_is_none_is_refused_with_the_value(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"EVENTLOG_PROJECTIONS: .*nowhere"):
        discover(str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"'no\.such\.module'"):
        discover("no.such.module")


@pytest.mark.parametrize("name", ["Revenue", "1st", "a-b", "a" * 42, "pg_a", "eventlog", "", 'a"; DROP'])
def test_a_name_that_is_no_identifier_is_refused(tmp_path: Path, name: str) -> None:
    assert "its name" in faults(str(write_projection(tmp_path, "place", f"name = {name!r}")))


@pytest.mark.parametrize("name", ["core", "timeline"])
def test_our_names_are_taken(tmp_path: Path, name: str) -> None:
    assert f"there is another projection {name}" in faults(str(write_projection(tmp_path, name)))


@pytest.mark.parametrize(
    ("python", "files", "said"),
    [
        ("topics = 'order'", {}, "topics is a list"),
        ("topics = ['a*b']", {}, "has a * before its end"),
        ("each = 'delivered'", {}, "each is 'event' or 'delivery'"),
        ("def apply(", {}, "SyntaxError"),
        ("import missing_module", {}, "ModuleNotFoundError"),
        ("raise SystemExit", {}, "calls sys.exit()"),
        (APPLY, {"step": "SELECT 1"}, "remove one"),
        ("", {"step": "SELECT '{}'::json"}, "other braces are doubled"),
        ("", {"views": "SELECT '{a}'"}, "other braces are doubled"),
    ],
)
def test_what_is_broken_is_a_fault_and_stops_nobody(
    tmp_path: Path, python: str, files: dict[str, str], said: str
) -> None:
    place = write_projection(tmp_path, "broken", python, **files)
    assert said in faults(str(place))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    place = write_projection(tmp_path, "broken")
    (place / "tables.sql").unlink()
    assert "tables.sql is missing" in faults(str(place))


def test_what_decides_the_content_decides_the_definition(tmp_path: Path) -> None:
    place = write_projection(tmp_path, "own")
    definitions = set()
    for file in ("projection.py", "tables.sql", "step.sql"):
        definitions.add(discover(str(place)).projections[-1].definition)
        with (place / file).open("a") as opened:
            opened.write("\n;SELECT 1" if file.endswith("sql") else "\nCHANGED = True")
    definitions.add(discover(str(place)).projections[-1].definition)
    (place / "views.sql").write_text("SELECT 1")
    assert discover(str(place)).projections[-1].definition in definitions
    assert len(definitions) == 4
