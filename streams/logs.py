"""Logging: structlog for everything, JSON lines in production, readable on a terminal. Never content of a prompt."""

import logging
import sys
from typing import Literal

import structlog

_LIBRARY_LEVELS = dict.fromkeys(
    # The services of Faust log under the module of their class, so also under ours.
    ("faust", "mode", "aiokafka", "kafka", "streams.transport"),
    "WARNING",
)


def configure_logs(log_format: Literal["auto", "json", "console"] = "auto", level: str = "INFO") -> None:
    """Send the logs of this process, libraries included, to standard error in one format."""
    is_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if is_console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library, library_level in _LIBRARY_LEVELS.items():
        logging.getLogger(library).setLevel(library_level)
