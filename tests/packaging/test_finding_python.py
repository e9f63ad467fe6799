"""The set-up takes a Python that can do it, or says what to install."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.root import ROOT

OLD = "case $2 in *version_info*) exit 1 ;; esac"
# Debian's python3 without python3-venv.
WITHOUT_VENV = "case $2 in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; esac"
GOOD = "exit 0"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a folder for Pythons that is all there is on the PATH, sh apart."""
    (tmp_path / "sh").symlink_to("/bin/sh")
    return tmp_path


def install(machine: Path, name: str, behaviour: str) -> None:
    program = machine / name
    program.write_text(f"#!/bin/sh\n{behaviour}\n", encoding="utf-8")
    program.chmod(0o755)


def find(machine: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", ROOT / ".ci/find-python"],
        env={"PATH": os.fspath(machine), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_usual_python_is_taken_when_it_is_new_enough(machine: Path) -> None:
    install(machine, "python3", GOOD)
    install(machine, "python3.13", GOOD)
    assert find(machine).stdout == "python3\n"


def test_a_newer_python_is_found_beside_an_old_one(machine: Path) -> None:
    install(machine, "python3", OLD)
    install(machine, "python3.12", GOOD)
    assert find(machine).stdout == "python3.12\n"


def test_a_python_without_venv_is_passed_over(machine: Path) -> None:
    install(machine, "python3", WITHOUT_VENV)
    install(machine, "python3.11", GOOD)
    assert find(machine).stdout == "python3.11\n"


def test_where_only_venv_is_missing_its_package_is_named(machine: Path) -> None:
    install(machine, "python3", WITHOUT_VENV)
    said = find(machine)
    assert said.returncode == 1
    assert "apt install python3.12-venv" in said.stderr


def test_where_every_python_is_too_old_the_needed_version_is_named(machine: Path) -> None:
    install(machine, "python3", OLD)
    said = find(machine)
    assert said.returncode == 1
    assert "No Python 3.11 or newer" in said.stderr


def test_a_python_that_was_asked_for_is_taken_or_refused_by_name(machine: Path) -> None:
    install(machine, "python3", GOOD)
    install(machine, "python2", OLD)
    said = find(machine, PYTHON="python2")
    assert said.returncode == 1
    assert "PYTHON=python2" in said.stderr
