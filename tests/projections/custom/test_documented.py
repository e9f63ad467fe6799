"""What docs/projections.md shows works as it stands there, with the plugin that pip brings."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from eventlog.embedded import EmbeddedServer
from projections.custom.discovery import load
from projections.custom.trial import Trial
from tests.support.documented import write_documented_files
from tests.support.own import write_projection
from tests.support.root import ROOT


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a stranger does; the plugin is named only where this checkout is not installed."""
    installed = any(entry.value == "projections.custom.testing" for entry in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "projections.custom.testing"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_documented_test_passes(tmp_path: Path) -> None:
    ran = run_pytest(write_documented_files(tmp_path))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_documented_projection_in_python_loads(tmp_path: Path) -> None:
    customers = load(write_documented_files(tmp_path) / "customers")
    assert customers.name == "customers"
    assert customers.apply is not None


def test_a_projection_that_depends_on_the_batch_is_told_so(tmp_path: Path) -> None:
    folder = write_documented_files(tmp_path)
    step = folder / "revenue" / "step.sql"
    step.write_text(step.read_text().replace("r.amount + excluded.amount", "excluded.amount"))
    ran = run_pytest(folder)
    assert ran.returncode == 1
    assert "played in batches of 1 by 1 worker(s): SELECT day, amount FROM revenue" in ran.stdout


def test_a_table_without_a_key_is_refused(server: EmbeddedServer, tmp_path: Path) -> None:
    tables = "CREATE TABLE {schema}.kept (partition smallint, position bigint);"
    place = write_projection(tmp_path, "kept", tables=tables)
    with pytest.raises(AssertionError, match=r"kept has no primary key: .* FOR ALL TABLES"):
        Trial(server.dsn, server.superuser_dsn)(place, events=[], rows={})


def test_a_projection_that_is_broken_is_told_so(tmp_path: Path) -> None:
    folder = write_documented_files(tmp_path)
    (folder / "revenue" / "step.sql").write_text("INSERT INTO {schema}.missing SELECT FROM {batch} AS b")
    ran = run_pytest(folder)
    assert ran.returncode == 1
    assert 'the projection fails: relation "revenue_1.missing" does not exist' in ran.stdout
