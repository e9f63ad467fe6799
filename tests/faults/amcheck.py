"""PostgreSQL's own check of tables and indexes: every row is in every index, every page is sound."""

import subprocess
from pathlib import Path

from eventlog.embedded import find_binaries

OF_OURS = ("eventlog", "core_*", "timeline_*")


def damage(superuser_dsn: str, bindir: Path | None = None) -> list[str]:
    """Return what pg_amcheck says about our schemas in a database; empty is good."""
    command: list[str | Path] = [find_binaries(bindir) / "pg_amcheck"]
    command += ["--install-missing", "--heapallindexed"]
    command += [f"--schema={name}" for name in OF_OURS]
    done = subprocess.run([*command, superuser_dsn], capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return said if done.returncode != 0 else []
