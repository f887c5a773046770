"""Log set-up: one JSON object a line, and a filter that lets no secret through."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRETS: Final = (
    re.compile(
        r"(?i)((?:password|secret|token|signature|accesskeysecret|securitytoken)\w*)"
        r"(\"?\s*[=:]\s*\"?)([^\s&\",;}]+)"
    ),
    re.compile(r"(?i)(authorization)(\"?\s*[=:]\s*\"?)([^\"\n]+)"),
)
_KEY_ID: Final = re.compile(r"\b(?:LTAI|STS\.)[A-Za-z0-9]{8,}")
_QUERY: Final = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']+")


def redact(text: str) -> str:
    """`text` without passwords, keys, tokens, signatures and query strings."""
    text = _QUERY.sub(r"\1?[redacted]", text)
    for pattern in _SECRETS:
        text = pattern.sub(r"\1\2[redacted]", text)
    return _KEY_ID.sub("[redacted]", text)


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, and the record's extras."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and not name.startswith(("k8s_", "_")):
                entry[name] = redact(str(value))
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """For terminals."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure(log_format: str, level: str) -> None:
    """Replace the root handlers; what libraries say per object or request is silenced."""
    handler = logging.StreamHandler(sys.stderr)
    plain = PlainFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if log_format == "json" else plain)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # kopf logs two lines per event and whole bodies in debug; urllib3 and the SDK log URLs.
    for name in ("kopf.objects", "urllib3", "alibabacloud", "Tea", "darabonba", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
