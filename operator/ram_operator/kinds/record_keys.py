"""The part of a record about the access keys that the operator makes: what reads it stands beside
what writes it. Pure; called by `record` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..model.key_state import NO_KEYS, Ending, Intent, KeyState
from ..model.record_changes import RecordChange

_BLOCK: Final = "accessKey"


def read(record: Mapping[str, Any]) -> KeyState:
    """Nothing of keys that were made for another object than the one that has the identity now:
    whoever takes it over finds them as they are.
    """
    block, owner = record.get(_BLOCK), _part(record, "owner")
    holder = _text(block, "holder") if block else ""
    another = owner and holder and holder != f"{_text(owner, 'namespace')}/{_text(owner, 'name')}"
    if not block or another:
        return NO_KEYS
    endings = tuple(
        Ending(_text(item, "id"), _text(item, "since"), _flag(item, "active"))
        for item in _part(block, "ending") or ()
    )
    return KeyState(
        secret=_text(block, "secretName"),
        holder=holder,
        secret_uid=_text(block, "secretUid"),
        current=_text(block, "id"),
        issued=_text(block, "issuedAt"),
        intent=_intent(_part(block, "announced")),
        ending=endings,
        unplanned=_text(block, "unplannedAt"),
    )


def block(change: RecordChange) -> dict[str, Any]:
    """By the name of the part, whole: null takes out what was there before."""
    state = change.keys
    if state is None:
        return {}
    intent = state.intent
    texts = {
        "secretName": state.secret,
        "holder": state.holder,
        "secretUid": state.secret_uid,
        "id": state.current,
        "issuedAt": state.issued,
        "unplannedAt": state.unplanned,
    }
    ending = [
        {"id": each.key_id, "since": each.since, "active": each.active} for each in state.ending
    ]
    begun = (
        {
            "since": intent.since,
            "last": intent.last,
            "before": list(intent.before),
            "open": intent.open,
        }
        if intent is not None
        else None
    )
    found = {name: text or None for name, text in texts.items()}
    return {_BLOCK: {**found, "ending": ending or None, "announced": begun}}


def _intent(block: Mapping[str, Any] | None) -> Intent | None:
    if not block:
        return None
    before = tuple(map(str, _part(block, "before") or ()))
    return Intent(_text(block, "since"), _text(block, "last"), before, _flag(block, "open"))


def _text(block: Mapping[str, Any], name: str) -> str:
    return str(block.get(name) or "")


def _flag(block: Mapping[str, Any], name: str) -> bool:
    return bool(block.get(name))


def _part(block: Mapping[str, Any], name: str) -> Any:
    return block.get(name)
