"""Events as they are sent: what the API server takes of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ram_operator.cluster import event_writer
from ram_operator.constants import EventReason
from ram_operator.model.objects import Key
from ram_operator.reporting.events import Event

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class Api:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def create_event(self, namespace: str, body: dict[str, Any]) -> None:
        self.sent.append(body)


@pytest.mark.parametrize(
    "name", ["web", "a.b", "a" * 253, f"{'a' * 199}-b", f"{'a' * 199}.b", f"{'a' * 190}{'-' * 20}b"]
)
def test_every_object_has_events_whatever_its_name(name: str) -> None:
    """Whoever chooses the name of an object would choose that nobody hears of it."""
    api: Any = Api()
    event = Event(EventReason.DRIFT_DETECTED, "text", warning=True)
    body = {"metadata": {"uid": "u"}}
    event_writer.post(api, Key("RamRole", "team", name), body, event, ("i", "t"))
    found = api.sent[0]["metadata"]["name"]
    assert SUBDOMAIN.fullmatch(found)
    assert len(found) <= 253
