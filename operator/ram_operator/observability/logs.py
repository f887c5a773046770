"""Log set-up: one JSON object a line, a filter that lets no secret through, nothing that forges."""

from __future__ import annotations

import json
import logging
import re
import sys
import textwrap
from typing import Any, Final

from .. import legible, times

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Repetitions are bounded, so that no text takes quadratic time.
_WORD: Final = (
    r"(?:passw(?:or)?d|secret|token|signature|credential|access[_-]?key|private[_-]?key)"
    r"[\w-]{0,40}"
)
# The quote that closes the name, then = or :. Backslashes come from JSON within JSON.
_ASSIGNED: Final = r"\\{0,8}[\"']?\s{0,8}[=:]\s{0,8}"
# A quoted value goes up to its closing quote, or to the end where that was cut off.
_QUOTED: Final = r"\\{0,8}([\"'])(?:\\.|(?!\2).)*(?:\2|\Z)"
_PATTERNS: Final = (
    (re.compile(r"(?i)(https?://)[^\s/?#\"']{0,500}@"), r"\1[redacted]@"),
    (re.compile(r"(?i)(https?://[^\s?\"']{0,500})\?[^\s\"']+"), r"\1?[redacted]"),
    # urllib3 names the path alone.
    (re.compile(r"\?[^\s\"'=?\[]{1,64}=[^\s\"']*"), "?[redacted]"),
    (re.compile(rf"(?is)(authorization{_ASSIGNED})(?:{_QUOTED}|[^\n]+)"), r"\1[redacted]"),
    (re.compile(rf"(?is)({_WORD}{_ASSIGNED})(?:{_QUOTED}|\S+)"), r"\1[redacted]"),
    (re.compile(r"(?i)\b(bearer|acs)\s{1,8}[\w.~+/=:-]{8,}"), r"\1 [redacted]"),
    (re.compile(r"\b(?:LTAI|STS\.|TMP\.)[A-Za-z0-9]{8,}"), "[redacted]"),
    (re.compile(r"\bCAIS[A-Za-z0-9+/=]{16,}"), "[redacted]"),
)
"""In this order: what has the shape of a URL or of an assignment, then what is secret by itself."""
_SECRET_NAME: Final = re.compile(rf"(?i){_WORD}|authorization")


def redact(text: str) -> str:
    """`text` without passwords, keys, tokens, signatures and query strings.

    Rather too much than too little: the rest of a word that follows `password=` goes with it.
    """
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, and the record's extras."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": times.stamp_with_milliseconds(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _told(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and not name.startswith(("k8s_", "_")):
                secret = _SECRET_NAME.search(name)
                entry[name] = "[redacted]" if secret else _told(str(value))
        if record.exc_info:
            entry["exception"] = legible.lines(redact(self.formatException(record.exc_info)))
        return json.dumps(entry, ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """For terminals: what a record says is one line, and each line of an exception is set in."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return _told(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return textwrap.indent(legible.lines(redact(super().formatException(ei))), "  ")

    def formatStack(self, stack_info: str) -> str:
        return textwrap.indent(legible.lines(redact(super().formatStack(stack_info))), "  ")


def _told(text: str) -> str:
    """Redacted as it was written, then in one line."""
    return legible.line(redact(text))


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
