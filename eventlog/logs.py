"""Logs: a stable event name and key=value, on stderr; JSON where nobody looks at a terminal."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Set logging up for this process; called by entry points only."""
    threshold = getattr(logging, level.upper())
    terminal = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if terminal else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # What libraries log: warnings and worse, in the same place.
    logging.basicConfig(level=max(threshold, logging.WARNING), format="%(levelname)s %(name)s: %(message)s")
