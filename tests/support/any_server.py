"""What never meets the server's version, and is therefore tested on one version alone.

`make test` leaves it out (-m "not any_server") on the oldest version that we support. What is here reads and
writes nothing that a version could answer otherwise: HTTP, the browser's side, publishers and their files,
texts and exit codes of commands, processes and signals. In doubt a file is not here.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

FOLDERS_AND_FILES = (
    "api/console",
    "api/http",
    "api/live/test_stream_bounds.py",
    "api/live/test_stream_goes_on.py",
    "api/live/test_stream_subscribers.py",
    "api/proxies",
    "api/readers",
    "api/routes/test_hooks.py",
    "api/senders",
    "api/services/test_sql_throttle.py",
    "benchmarks",
    "eventlog/audit/test_askers.py",
    "eventlog/audit/test_console.py",
    "eventlog/audit/test_csv.py",
    "eventlog/audit/test_placeholders.py",
    "eventlog/audit/test_sql_command.py",
    "eventlog/embedded/test_kept_running.py",
    "eventlog/embedded/test_owner_dies.py",
    "eventlog/embedded/test_ownership.py",
    "eventlog/embedded/test_programs.py",
    "eventlog/embedded/test_tuning.py",
    "eventlog/embedded/test_two_owners.py",
    "eventlog/hooks",
    "eventlog/ingest/test_definition.py",
    "eventlog/ingest/test_otlp.py",
    "eventlog/intake/test_cloudevents.py",
    "eventlog/intake/test_fields.py",
    "eventlog/intake/test_forms.py",
    "eventlog/intake/test_hostile_bodies.py",
    "eventlog/intake/test_lenient.py",
    "eventlog/intake/test_limits.py",
    "eventlog/intake/test_malformed.py",
    "eventlog/intake/test_partitions.py",
    "eventlog/intake/test_real_webhooks.py",
    "eventlog/log/test_unwritable_log.py",
    "eventlog/sessions/test_backoff.py",
    "eventlog/sessions/test_no_database.py",
    "faults",
    "packaging",
    "projections/custom/test_documented.py",
    "projections/custom/test_found.py",
    "projections/doctor/test_command.py",
    "projections/quarantine/test_crash_isolation.py",
    "projections/quarantine/test_retry_command.py",
    "projections/read/test_commands.py",
    "projections/read/test_output.py",
    "projections/read/test_quarantine_command.py",
    "projections/read/test_topics.py",
    "projections/rebuilding/test_commands.py",
    "projections/test_meaning.py",
    "projections/test_schedule.py",
    "projections/test_worker_process.py",
    "publisher",
)


def mark_any_server(items: list[pytest.Item]) -> None:
    """Mark what is listed."""
    listed = [TESTS / name for name in FOLDERS_AND_FILES]
    for item in items:
        if any(item.path.is_relative_to(path) for path in listed):
            item.add_marker(pytest.mark.any_server)
