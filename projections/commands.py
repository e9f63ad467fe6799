"""The commands of those who run projections: `worker` and `migrate`."""

from pathlib import Path
from typing import Annotated

import typer

from eventlog.terminal import exits
from eventlog.terminal.printing import say


def worker(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Workers in this process.")] = 1,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="The most deliveries a step projects.")
    ] = None,
) -> None:
    """Run projector workers. Any number of processes, on any machine; stop them as you like."""
    import signal
    import threading

    import structlog

    from eventlog.logs import configure_logs
    from eventlog.sessions.open_database import opened_database
    from eventlog.settings import changed_settings, load_settings
    from eventlog.standard_error import keep_standard_output
    from projections.custom.discovery import discover
    from projections.pool import WorkerPool
    from projections.step_metrics import StepMetrics
    from projections.worker_port import worker_port

    keep_standard_output()
    settings = load_settings(batch_size=batch_size)
    configure_logs(settings.log_level)
    discovered = discover(settings.projections)
    for fault in discovered.faults:
        say(fault)
    stopped = threading.Event()
    caught: list[int] = []

    def stop(number: int, _frame: object) -> None:
        caught.append(number)
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with opened_database(settings, say, make=False) as dsn:
        _require_no_lasting_fault(dsn)
        structlog.get_logger().info("settings", **changed_settings(settings))
        metrics = StepMetrics()
        pool = WorkerPool(
            dsn,
            count=workers,
            batch_size=settings.batch_size,
            projections=discovered.projections,
            metrics=metrics,
        )
        with worker_port(settings, pool.workers, metrics):
            pool.start()
            stopped.wait()
            pool.stop()
    raise typer.Exit(exits.INTERRUPTED if signal.SIGINT in caught else 0)


def _require_no_lasting_fault(dsn: str) -> None:
    """Raise what waiting would not mend; workers wait for all else."""
    from eventlog.errors import DatabaseUnavailable
    from eventlog.sessions.backoff import comes_by_itself
    from eventlog.sessions.database import connect

    try:
        connect(dsn, "projector", "start").close()
    except DatabaseUnavailable as error:
        if not comes_by_itself(error):
            raise


def migrate(
    roles: Annotated[
        bool,
        typer.Option(
            "--roles", help="Also make logins for API, workers and auditor, which can do just their work."
        ),
    ] = False,
    secrets: Annotated[
        Path | None,
        typer.Option(
            help="With --roles: a folder for the logins' DSNs: api_dsn, worker_dsn, auditor_dsn. "
            "A file that is there is used; one that is missing is made, with a new password."
        ),
    ] = None,
) -> None:
    """Bring the schema up to date, and install the projections that are missing."""
    from eventlog.errors import SettingsError
    from eventlog.schema.logins import set_apart
    from eventlog.sessions.open_database import opened_database
    from eventlog.settings import load_settings
    from projections.custom.discovery import discover
    from projections.install import install_discovered, set_up

    settings = load_settings()
    if secrets is not None and not roles:
        raise SettingsError("--secrets is for the logins that --roles makes: give both")
    if roles and settings.dsn is None:
        raise SettingsError("--roles is for a PostgreSQL of your own: set EVENTLOG_DSN")
    discovered = discover(settings.projections)
    with opened_database(settings, say) as dsn:
        done = set_up(dsn, settings.partitions_wanted)
        done += set_apart(dsn, secrets) if roles else []
        own = install_discovered(dsn, discovered)
    for line in done + own.done:
        typer.echo(f"applied {line}")
    for fault in own.faults:
        say(fault)
    if own.faults:
        raise typer.Exit(exits.FAILED)
    if not done + own.done:
        say("the schema is up to date")
