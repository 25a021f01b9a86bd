"""Logs for operators: JSON lines on standard error, UTC, one line an outcome (security.md G1 to G3).

The core logs by the standard library (``logging.getLogger("syncer.…")`` with ``extra={…}``) or by structlog; both
end here. Allow-listing fields where a line is written is the first net; the redaction below is the second.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, TextIO

import structlog

HIDDEN = "***"

_SECRET_ENDINGS = frozenset(
    "password passwd sandi token tokens secret secrets key keys sign signature code card cookie cookies "
    "authorization credential credentials".split()
)
_SECRET_ANYWHERE = ("password", "secret", "token", "cookie", "authorization", "partnerkey", "apikey")
#: Names that only look secret: what they hold is needed to understand a line.
_HARMLESS = frozenset(
    "remote_code status_code error_code exit_code category_key budget_key account_key lease_key key_id "
    "location_code currency_code country_code".split()
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_IN_TEXT = (
    (
        re.compile(r"(?i)\b([\w-]*(?:token|secret|password|sign|signature|partner_key|app_key|code))=[^&\s\"']+"),
        r"\1=***",
    ),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"://[^/\s:@]*:[^/\s@]+@"), "://***@"),
    (re.compile(r"\bs1\.[0-9a-f]{8}\.[\w=-]+"), HIDDEN),
    (re.compile(r"\bgAAAAA[\w=-]{20,}"), HIDDEN),
)
_LONGEST_TEXT = 4000
_DEEPEST = 6


def set_up_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send everything that is logged to ``stream`` (standard error) as JSON lines.

    Libraries that would tell more than they should are silent: urllib3 writes whole addresses with their
    queries, uvicorn's access log too.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(
                    structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
                ),
                without_colours,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("urllib3", "requests", "uvicorn.access"):
        quiet(name)
    # They report each tick and each statement at INFO.
    for name in ("apscheduler", "alembic", "sqlalchemy", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def quiet(name: str) -> None:
    """Let nothing of this logger and its children out."""
    logger = logging.getLogger(name)
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)


def without_colours(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop the copy of a line that uvicorn adds for terminals, with ANSI escapes (structlog processor)."""
    event.pop("color_message", None)
    return event


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what looks secret: by the field's name, and by known shapes inside texts (structlog processor)."""
    return {name: HIDDEN if _is_secret(name) else _clean(value, 0) for name, value in event.items()}


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(name): HIDDEN if _is_secret(str(name)) else _clean(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (Sequence, set, frozenset)):
        return [_clean(item, depth + 1) for item in value]
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    cut = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    for pattern, replacement in _IN_TEXT:
        cut = pattern.sub(replacement, cut)
    return cut


def _is_secret(name: str) -> bool:
    if name in _HARMLESS:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    return bool(words) and (words[-1] in _SECRET_ENDINGS or any(part in joined for part in _SECRET_ANYWHERE))
