"""A wheel holds all that eventlog needs to run where there is no checkout, and no tests."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.checkout import committed_files
from tests.support.root import ROOT

PACKAGES = ("eventlog", "projections", "api", "publisher", "sql")


def pip(*arguments: str | Path) -> None:
    # --no-deps and --no-build-isolation: nothing is fetched.
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ".")
    (built,) = folder.glob("pg_eventlog-*.whl")
    return built


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_every_committed_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    committed = {path.relative_to(ROOT).as_posix() for path in committed_files()}
    if not committed:
        pytest.skip("this is no clone, so nobody knows which files are committed")
    wanted = {name for name in committed if name.split("/")[0] in PACKAGES}
    assert wanted - names_in(wheel) == set()


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    assert {name.split("/")[0] for name in names_in(wheel)} == set(PACKAGES)


def test_an_installed_eventlog_runs_far_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip("install", "--quiet", "--no-deps", "--target", site, wheel)
    # Its dependencies are the ones that this test runs with.
    elsewhere = {
        "cwd": "/",
        "env": {**os.environ, "PYTHONPATH": str(site)},
        "capture_output": True,
        "text": True,
        "check": True,
    }
    found = "import eventlog.statements as s; print(s.__file__, s.statement('migrate/applied') and s.SQL_DIR)"
    said = subprocess.run([sys.executable, "-c", found], **elsewhere).stdout  # type: ignore[call-overload]
    assert said.split() == [str(site / "eventlog/statements.py"), str(site / "sql")]
    said = subprocess.run([site / "bin/eventlog", "--help"], **elsewhere).stdout  # type: ignore[call-overload]
    assert "demo" in said


def test_the_version_is_the_one_that_the_program_says(wheel: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "eventlog", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert said == f"eventlog {wheel.name.split('-')[1]}\n"
