"""The pytest plugin: try a projection of one's own on a real PostgreSQL, in every way it may be played.

def test_revenue(check_projection):
    check_projection("revenue", events=[…], rows={"SELECT day, amount FROM revenue": [(…, …)]})
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from projections.custom.trial import Trial


@pytest.fixture(scope="session")
def check_projection() -> "Iterator[Trial]":
    """Return a function that plays a projection in many ways and compares its rows; see Trial.__call__.

    PostgreSQL is started at the first use of the session, in a temporary folder, and ended with it.
    """
    from eventlog.embedded import EmbeddedServer
    from projections.custom.trial import UNSAFE_AND_FAST, Trial

    # Not below pytest's own folder, which no other user may enter: as root, PostgreSQL is one.
    folder = Path(tempfile.mkdtemp(prefix="eventlog-test-"))
    folder.chmod(0o755)
    try:
        with EmbeddedServer(folder, options=UNSAFE_AND_FAST) as server:
            yield Trial(server.dsn, server.superuser_dsn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
