"""The commands that serve: `up`, the whole service, and `api`, the API alone."""

from typing import TYPE_CHECKING, Annotated

import typer

from eventlog.terminal.printing import say

if TYPE_CHECKING:
    from eventlog.settings import Settings
    from projections.custom.discovery import Discovered

Host = Annotated[str | None, typer.Option(help="The address to bind; EVENTLOG_HOST.")]
Port = Annotated[int | None, typer.Option(help="The port; 0 takes a free one; EVENTLOG_PORT.")]
Processes = Annotated[
    int | None,
    typer.Option(min=1, max=32, help="API processes that share the port; EVENTLOG_API_PROCESSES."),
]


def up(
    host: Host = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option(min=0, max=64, help="Projector workers; EVENTLOG_WORKERS.")
    ] = None,
    processes: Processes = None,
) -> None:
    """Run the whole service: database (embedded unless EVENTLOG_DSN is set), API and workers."""
    from eventlog.settings import load_settings

    settings = load_settings(host=host, port=port, workers=workers, api_processes=processes)
    raise typer.Exit(_run(settings, settings.workers))


def api(host: Host = None, port: Port = None, processes: Processes = None) -> None:
    """Run the API alone; workers run elsewhere (`eventlog worker`)."""
    from eventlog.settings import load_settings

    raise typer.Exit(_run(load_settings(host=host, port=port, api_processes=processes), 0))


def _run(settings: "Settings", workers: int) -> int:
    import structlog
    from setproctitle import setproctitle

    from api.http.process_supervisor import ProcessSupervisor
    from api.http.server import announcement, caught_signals, listen_for, serve
    from api.startup import Preparation
    from eventlog.hooks.definition import read_hooks
    from eventlog.logs import configure_logs
    from eventlog.sessions.open_database import opened_database
    from eventlog.settings import changed_settings
    from eventlog.standard_error import keep_standard_output
    from eventlog.tls.server_certificate import require_good
    from projections.custom.discovery import discover
    from projections.pool import WorkerPool
    from projections.step_metrics import StepMetrics
    from projections.worker_port import worker_port

    keep_standard_output()
    configure_logs(settings.log_level)
    setproctitle("eventlog")
    discovered = discover(settings.projections)
    # Each process reads it again; here, so that one that is of no use is said once, and before all else.
    require_good(settings)
    if settings.hooks_file is not None:
        read_hooks(settings.hooks_file)
    # The address first: what cannot be bound should not cost a database start. And until the end, so that
    # it is not lost while several processes listen there instead.
    settings, listeners = listen_for(settings)
    # From here on signals are for the service to hear: see api/startup.py.
    with opened_database(settings, say) as dsn, caught_signals() as caught:
        structlog.get_logger().info("settings", **changed_settings(settings))
        metrics = StepMetrics()
        pool = WorkerPool(
            dsn,
            count=workers,
            batch_size=settings.batch_size,
            projections=discovered.projections,
            metrics=metrics,
        )

        def prepare() -> None:
            _set_up(settings, dsn, discovered)
            pool.start()

        preparation = Preparation(prepare, say)
        preparation.begin()
        try:
            with worker_port(settings, pool.workers, metrics):
                # Workers beside the API in one process would take turns with it at every statement: single
                # events took twice as long.
                if workers or settings.api_processes > 1:
                    return ProcessSupervisor(settings, dsn, say).serve(caught)
                return serve(settings, dsn, listeners, lambda: say(announcement(settings)), earlier=caught)
        finally:
            try:
                preparation.end()
            finally:
                pool.stop()


def _set_up(settings: "Settings", dsn: str, discovered: "Discovered") -> None:
    """Install what is missing, and refuse a database that nothing may be served from."""
    from eventlog.keys.store import require_any
    from eventlog.sessions.database import connect
    from projections.doctor import refuse_unsafe_settings
    from projections.install import install_discovered, set_up_if_ours

    for line in set_up_if_ours(dsn, settings.partitions_wanted):
        say(f"applied {line}")
    own = install_discovered(dsn, discovered)
    for line in own.done:
        say(f"applied {line}")
    for fault in own.faults:
        say(fault)
    with connect(dsn, "owner", "start") as connection:
        refuse_unsafe_settings(connection, allowed=settings.allow_unsafe_settings)
        if settings.auth_mode == "required":
            require_any(connection, settings.host)
