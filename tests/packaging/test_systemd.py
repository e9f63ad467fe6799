"""The units of docs/systemd name what exists, are well formed, and let a service do next to nothing else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from eventlog.settings import Settings
from tests.support.command_line import eventlog
from tests.support.root import ROOT

UNITS = sorted((ROOT / "docs/systemd").glob("*.service"))
# Of ten, which is a service without any protection.
EXPOSURE_MAX = "30"


def ids(unit: Path) -> str:
    return unit.name


def analyze(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("unit", UNITS, ids=ids)
def test_it_reaches_next_to_nothing_but_what_it_needs(unit: Path) -> None:
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)
    assert judged.returncode == 0, judged.stdout


@pytest.mark.parametrize("unit", UNITS, ids=ids)
def test_it_is_well_formed(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(unit.read_text(encoding="utf-8").replace("/opt/eventlog/bin/eventlog", "/bin/true"))
    said = analyze("verify", copy)
    # Other units of this machine may have faults, too.
    assert [line for line in said.stderr.splitlines() if copy.name in line] == []
    assert said.returncode == 0


@pytest.mark.parametrize("unit", UNITS, ids=ids)
def test_it_names_what_exists(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=/opt/eventlog/bin/eventlog (.+)$", text, re.MULTILINE)
    assert eventlog(command, "--help").returncode == 0
    assert set(re.findall(r"EVENTLOG_\w+", text)) <= {
        f"EVENTLOG_{name.upper()}" for name in Settings.model_fields
    }
    for shown in re.findall(r"=%d/(\w+)", text):
        assert f"LoadCredential={shown}:" in text


def test_each_is_shown_its_own_login_alone() -> None:
    shown = {
        unit.stem: re.findall(r"^LoadCredential=\w+:\S+/(\w+)$", unit.read_text(), re.MULTILINE)
        for unit in UNITS
    }
    assert shown == {
        "eventlog-api": ["api_dsn", "auditor_dsn"],
        "eventlog-worker@": ["worker_dsn"],
        "eventlog-migrate": ["owner_dsn"],
    }
