"""Logs: a stable event name and key=value, on stderr; JSON where nobody looks at a terminal."""

import logging
import sys

import structlog

from eventlog.standard_error import keep_standard_error


def configure_logs(level: str) -> None:
    """Set logging up for this process; called by entry points only."""
    keep_standard_error()
    threshold = getattr(logging, level.upper())
    terminal = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    marking: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[structlog.types.Processor] = [
        *([] if terminal else [structlog.processors.format_exc_info]),
        renderer,
    ]
    structlog.configure(
        processors=[*marking, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # What libraries log: warnings and worse, in the same place and form.
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*marking, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[handler])
