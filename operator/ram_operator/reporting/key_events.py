"""The events of the access keys that the operator makes. Pure; called by `events`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from ..constants import EventReason
from ..model.key_state import KeyDone, KeyReport
from ..model.vocabulary import KeyChange


def done(report: KeyReport | None) -> Iterator[tuple[EventReason, str]]:
    """What was done, each with what people see of it."""
    for each in report.done if report is not None else ():
        yield _done(each, report.secret if report is not None else "")


def _done(each: KeyDone, secret: str) -> tuple[EventReason, str]:
    match each.change:
        case KeyChange.MADE:
            return EventReason.ACCESS_KEY_MADE, f"access key {each.name} is in Secret {secret}"
        case KeyChange.REPLACED:
            text = (
                f"access key {each.name} is in Secret {secret} in place of {each.instead_of}, which"
                " lets in for a while yet, and for as long as it is used"
            )
            return EventReason.ACCESS_KEY_ROTATED, text
        case KeyChange.ENDED:
            return EventReason.ACCESS_KEY_ENDED, f"access key {each.name} lets nobody in any more"
        case KeyChange.DELETED:
            return EventReason.ACCESS_KEY_DELETED, f"access key {each.name} is deleted"
        case _:
            assert_never(each.change)


def waiting(old: Mapping[str, Any], report: KeyReport | None) -> Iterator[tuple[EventReason, str]]:
    """What waits that did not wait before, as the status has it: `old` is the one before."""
    known = {each.get("id") for each in old.get("accessKeys") or () if each.get("waits")}
    for key in report.shown if report is not None else ():
        if key.waits and key.name not in known:
            yield EventReason.ACCESS_KEY_WAITS, f"access key {key.name}: {key.waits}"
