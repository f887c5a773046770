"""What was agreed on beside the trust, in the record: kept, dropped, and written with a write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ram_operator.cluster.record_writer import Records
from ram_operator.kinds.record import facts_of
from ram_operator.model.records import ADOPTED, Agreed
from tests.unit.record_world import ECS, IDENTITY, NOW, Server, claim, served


@pytest.fixture
def records() -> Iterator[Records]:
    with served(Server()) as opened:
        yield opened


def test_what_was_agreed_on_is_kept_with_the_identity_and_dropped_with_another(
    records: Records,
) -> None:
    had = replace(claim(), agreed=Agreed({"policies": {"Custom/a": "-"}}))
    body = records.claim(IDENTITY, had, NOW, 1)
    more = replace(claim(), agreed=Agreed({"policies": {"Custom/b": "-"}, "members": {}}))
    both = {"policies": {"Custom/a": "-", "Custom/b": "-"}, "members": {}}
    body = records.renew(body, replace(more, operation="Created"), NOW)
    assert facts_of(body, IDENTITY).agreed.entries == both
    adopted = replace(more, operation=ADOPTED)
    other = records.renew(body, adopted, NOW)
    assert facts_of(other, IDENTITY).agreed.entries == dict(more.agreed.entries)
    again = replace(had, cloud_id="cloud-2", operation="Created")
    body = records.renew(other, again, NOW)
    assert facts_of(body, IDENTITY).agreed.entries == {
        "policies": {"Custom/a": "-"},
        "members": {},
    }


def test_what_is_agreed_on_comes_with_the_end_of_a_write_or_alone(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    body = records.agree(body, agreed=Agreed({"policies": {"Custom/a": "-"}}))
    body = records.complete(body, NOW, ECS, Agreed({"policies": {"Custom/a": ""}}))
    found = facts_of(body, IDENTITY)
    assert (found.agreed.entries, found.baseline) == ({"policies": {}}, ECS)


def test_one_value_is_kept_with_the_identity_and_dropped_with_another(records: Records) -> None:
    had = replace(claim(), agreed=Agreed(values={"maxSessionDurationSeconds": "7200"}))
    body = records.claim(IDENTITY, had, NOW, 1)
    body = records.agree(body, agreed=Agreed(values={"consoleLogin": "Deny"}))
    found = facts_of(body, IDENTITY).agreed
    assert found.values == {"maxSessionDurationSeconds": "7200", "consoleLogin": "Deny"}
    adopted = replace(claim(), operation=ADOPTED, agreed=Agreed(values={"consoleLogin": "*"}))
    body = records.renew(body, adopted, NOW)
    assert facts_of(body, IDENTITY).agreed.values == {"consoleLogin": "*"}
