"""What the kind of an older version has no place for: the API server drops it unsaid. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..constants import Reason
from ..errors import Retry

RECORD_BLOCK: Final = "record"
"""Of a RamRecord: all that the operator knows, as others have a spec."""
_PLACES: Final = (
    ("ends",),
    ("providers",),
    ("inFlight", "providers"),
    ("inFlight", "identity"),
    ("pending", "providers"),
    ("pending", "asked"),
    ("rejections",),
    ("agreed",),
    ("baseline", "document"),
    ("format",),
    ("neverMade",),
    ("forgotten",),
    ("driftOffer",),
    ("acknowledged",),
    ("accessKey",),
)
"""What kinds of older versions have no place for."""


def check(sent: Mapping[str, Any], written: Mapping[str, Any]) -> None:
    """Raises Retry where the API server dropped what was sent, as an older kind makes it do."""
    for path in _PLACES:
        if _at(sent.get(RECORD_BLOCK) or {}, path) and not _at(
            written.get(RECORD_BLOCK) or {}, path
        ):
            text = (
                f"the kind RamRecord has no place for {'.'.join(path)}: it is older than this"
                " operator; apply the kinds of this version"
            )
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, 60.0)


def _at(record: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether something is said there; null says nothing."""
    found: Any = record
    for name in path:
        found = (found or {}).get(name)
    return _says(found)


def _says(found: Any) -> bool:
    return any(map(_says, found.values())) if isinstance(found, Mapping) else bool(found)
