"""What ends or is due: as a status says it, and as it is measured."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator.kinds.record import Identity
from ram_operator.loop import expiring
from ram_operator.model.key_state import KeyState
from ram_operator.model.objects import Key
from ram_operator.model.records import RecordFacts
from ram_operator.reporting import expiries
from ram_operator.reporting.status import build_report
from ram_operator.times import seconds
from tests.unit.outcomes import DONE

NOW = seconds("2026-01-01T00:00:00Z")
DAY = 86400.0
ISSUED = KeyState(secret="kept", current="k", issued="2025-12-31T00:00:00Z")
ENDS = {
    "members[ann]": "2026-01-03T00:00:00Z",
    "members[bob]": "2026-01-02T00:00:00Z",
    "members[eve]": "2025-12-31T00:00:00Z",
    "members[max]": "",
}


def test_a_key_is_due_at_its_age_and_the_next_end_is_the_first_one_to_come() -> None:
    found = expiries.of_record(RecordFacts(keys=ISSUED, ends=ENDS), 3 * DAY, NOW)
    assert found == {
        "accessKeyRotatesAt": "2026-01-03T00:00:00Z",
        "nextEndAt": "2026-01-02T00:00:00Z",
    }
    assert expiries.told(found) == (("accessKey", NOW + 2 * DAY), ("member", NOW + DAY))


@pytest.mark.parametrize(
    ("keys", "rotate"),
    [(ISSUED, None), (replace(ISSUED, current=""), DAY), (replace(ISSUED, issued="soon"), DAY)],
)
def test_what_is_not_known_is_not_said(keys: KeyState, rotate: float | None) -> None:
    assert expiries.of_record(RecordFacts(keys=keys), rotate, NOW) == {}
    assert expiries.of_credentials(None) == {}
    assert expiries.told({"nextEndAt": "soon"}) == ()


def test_it_goes_from_the_status_with_what_it_is_about() -> None:
    said = expiries.of_credentials(NOW)
    status = build_report({}, DONE, 1, "2026-01-01T00:00:00Z", said).status
    assert status["credentialsExpireAt"] == "2026-01-01T00:00:00Z"
    assert "credentialsExpireAt" not in build_report(status, DONE, 1, "t", {}).status


class Ports:
    """What of a record and a session is asked for."""

    def __init__(self, record: Any = None, expires: float | None = None) -> None:
        self.cache = SimpleNamespace(get=lambda key: record if key == MINE.key else None)
        session = SimpleNamespace(expires=expires) if expires is not None else None
        self.accounts = SimpleNamespace(find=lambda _: session)
        self.clock = SimpleNamespace(wall=lambda: NOW)


MINE = Identity("1", "RamUser", "uploader")
RECORD: Any = {
    "record": {
        "accountId": "1",
        "kind": "RamUser",
        "name": "uploader",
        "ends": {"members[ann]": "2026-01-03T00:00:00Z"},
    }
}


@pytest.mark.parametrize("age", ["90d", "soon", ""])
def test_an_object_has_what_its_record_says(age: str) -> None:
    body: Any = {
        "spec": {"accessKey": {"rotateAfter": age}},
        "status": {"accountId": "1", "cloudName": "uploader"},
    }
    ports: Any = Ports(RECORD)
    found = expiring.shown(ports, Key("RamUser", "team", "x"), body)
    assert found == {"nextEndAt": "2026-01-03T00:00:00Z"}
    assert expiring.shown(ports, Key("RamUser", "team", "x"), {"spec": {}}) == {}


def test_an_account_has_what_its_session_says() -> None:
    key = Key("RamAccount", "", "default")
    known: Any = Ports(expires=NOW)
    assert expiring.shown(known, key, {}) == {"credentialsExpireAt": "2026-01-01T00:00:00Z"}
    unknown: Any = Ports()
    assert expiring.shown(unknown, key, {}) == {}
