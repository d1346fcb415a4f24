"""Structured logs: one JSON object a line, on standard error.

Logs never carry payment data: edges log route templates, codes and references, not
query strings or bodies, and of the database's errors no word it said (``traces``).
"""

from __future__ import annotations

import logging
import sys

import structlog

from kuwei_shared.ops.traces import trace


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error as JSON.

    Args:
        service: ``kuwei-hub web`` and the like; on every line.
        level: lowest level kept.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(trace),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
