"""`eventlog doctor` as its users run it: what it prints, what it exits with."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import eventlog

NOBODY_LISTENS = "http://127.0.0.1:9"


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return eventlog("doctor", *arguments, **{"EVENTLOG_URL": NOBODY_LISTENS, "COLUMNS": "200"} | environment)


def test_a_sound_embedded_database_exits_0_with_the_api_off(safe_data_dir: Path) -> None:
    answer = doctor("--json", EVENTLOG_DATA_DIR=str(safe_data_dir))
    findings = {finding["name"]: finding for finding in json.loads(answer.stdout)["findings"]}
    failures = {name for name, finding in findings.items() if finding["status"] == "failed"}
    assert failures == set()
    assert answer.returncode == 0
    assert findings["API"]["status"] == "warning"
    assert findings["fsync"]["found"] == "on"
    assert "free" in findings["disk"]["found"]


def test_a_failed_check_exits_1_and_says_how_to_mend_it(database: str) -> None:
    answer = doctor(EVENTLOG_DSN=database)
    assert answer.returncode == 1
    assert "ALTER SYSTEM SET fsync = on" in answer.stdout


def test_a_database_that_cannot_be_reached_exits_4_and_hides_the_password() -> None:
    answer = doctor(EVENTLOG_DSN="postgresql://ann:hidden-word@127.0.0.1:9/shop")
    assert answer.returncode == 4
    assert "host=127.0.0.1 port=9 dbname=shop user=ann" in answer.stdout
    assert "hidden-word" not in answer.stdout + answer.stderr


def test_an_embedded_database_that_is_off_exits_4_and_stays_off(tmp_path: Path) -> None:
    answer = doctor("--json", EVENTLOG_DATA_DIR=str(tmp_path / "none"))
    assert answer.returncode == 4
    assert json.loads(answer.stdout)["reachable"] is False
    assert not (tmp_path / "none").exists()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a volume needs root")
def test_a_file_system_that_is_read_only_is_named_with_what_helps(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.decode().strip()}")
    try:
        (found,) = [
            finding
            for finding in json.loads(doctor("--json", EVENTLOG_DATA_DIR=str(tmp_path)).stdout)["findings"]
            if finding["name"] == "disk"
        ]
        assert (found["status"], "for reading only" in found["found"]) == ("failed", True)
        ended = eventlog("migrate", EVENTLOG_DATA_DIR=str(tmp_path))
        assert (ended.returncode, "mount its file system for writing" in ended.stderr) == (1, True), ended
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)
