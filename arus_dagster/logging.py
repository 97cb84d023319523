"""Logs of every process: structured lines on standard error.

Owns the format (JSON lines, or a readable form on a terminal), the level and what is masked.
Refuses local variables in tracebacks and the values of fields that are named like secrets.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "bot_token",
        "cookie",
        "password",
        "refresh_token",
        "access_token",
        "secret",
        "secrets",
        "token",
        "webhook_url",
        "x-refresh-token",
    }
)
MASK = "********"
LogFormat = Literal["auto", "json", "text"]
# These log addresses of requests at INFO, and the address of some webhooks is itself a secret.
_QUIET = ("httpx", "httpcore", "urllib3")
# Dagster's servers give these a handler before they load our code.
_OWN_HANDLERS = ("dagster",)
# Made by the logging itself, and of several lines by their nature.
_LINES_OF_OUR_OWN = frozenset({"exception", "stack"})
_ESCAPED = {
    code: repr(chr(code))[1:-1]
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    if code != ord("\t")
}


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, as told from handlers that others put on the root."""


def _mask_secrets(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in event:
        if key.lower() in SECRET_FIELDS:
            event[key] = MASK
    return event


def _without_control(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Text that somebody sent must neither pass for a line of its own nor command a terminal."""
    for key, value in event.items():
        if isinstance(value, str) and key not in _LINES_OF_OUR_OWN:
            shown = value.translate(_ESCAPED)
            # Other programs' messages may have lines; these can't be taken for ours.
            event[key] = shown if key != "event" else shown.replace("\\n", "\n    ")
    return event


def configure_logging(
    level: str = "INFO", stream: TextIO | None = None, form: LogFormat = "auto"
) -> None:
    """Send this process's logs, the standard library's included, to one place.

    Args:
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case.
        stream: where lines go; standard error by default.
        form: ``json`` is one object a line, ``text`` is for people; ``auto`` is text on a terminal
            and JSON elsewhere.

    Raises:
        ValueError: no such level.
    """
    target = stream if stream is not None else sys.stderr
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"ARUS_LOG_LEVEL must be a level such as INFO, not {level!r}")

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_secrets,
    ]
    render: list[Any]
    if form == "text" or (form == "auto" and target.isatty()):
        render = [
            _without_control,
            structlog.dev.ConsoleRenderer(
                colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    else:
        render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]

    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    for former in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(number)
    for name in _OWN_HANDLERS:
        # What they hand to the root as well would stand in the log twice.
        logging.getLogger(name).handlers.clear()
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that takes an event's name and its fields: ``log.info("reloaded", version=3)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
