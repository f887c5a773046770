"""The lists of identity providers: how often they are read, and what is said where they are not."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator.cloud import list_calls
from ram_operator.constants import Reason
from ram_operator.errors import Stalled
from ram_operator.kinds.table import PROVIDERS
from ram_operator.loop import provider_lists
from ram_operator.model.vocabulary import Origin
from ram_operator.runtime.sweep import AccountLists

OIDC, SAML = "RamOidcProvider", "RamSamlProvider"
ANSWERS: dict[str, Any] = {
    "IMS.ListOIDCProviders": {
        "OIDCProviders": {
            "OIDCProvider": [
                {"OIDCProviderName": "CI", "CreateDate": "1"},
                {"OIDCProviderName": "ack-rrsa-c1", "CreateDate": "1"},
            ]
        }
    },
    "IMS.ListSAMLProviders": {
        "SAMLProviders": {"SAMLProvider": [{"SAMLProviderName": "ack-rrsa-x", "CreateDate": "1"}]}
    },
}


class World:
    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: Counter[str] = Counter()
        self.denied = ""
        self.lists = AccountLists()
        self.ports: Any = SimpleNamespace(
            settings=SimpleNamespace(sweep_seconds=300.0, members_seconds=900.0),
            clock=SimpleNamespace(monotonic=lambda: self.now),
        )
        account = SimpleNamespace(name="main")
        self.session: Any = SimpleNamespace(account=account, client=self)

    def call(self, action: str, _: Any) -> Any:
        self.asked[action] += 1
        if action == self.denied:
            raise Stalled(Reason.ACCESS_DENIED, "no")
        return {**ANSWERS[action], "IsTruncated": False}

    def sweep(self) -> None:
        provider_lists.run(self.ports, self.session, self.lists)
        self.now += 300.0


def test_they_are_listed_as_often_as_members() -> None:
    world = World()
    for _ in range(6):
        world.sweep()
    assert world.asked == dict.fromkeys(ANSWERS, 2)
    rows = world.lists.rows(OIDC) or {}
    assert {name: row.origin for name, row in rows.items()} == {
        "ci": Origin.ACCOUNT,
        "ack-rrsa-c1": Origin.PROVISIONED,
    }
    # ACK keeps no providers for SAML.
    assert (world.lists.rows(SAML) or {})["ack-rrsa-x"].origin is Origin.ACCOUNT


@pytest.mark.parametrize("kind", PROVIDERS)
def test_what_is_denied_is_told_and_the_other_is_listed(kind: str) -> None:
    world = World()
    world.denied = list_calls.PROVIDERS[kind].action
    world.sweep()
    assert world.lists.problems() == {kind: Reason.ACCESS_DENIED}
    assert world.lists.rows(kind) is None
    (other,) = PROVIDERS.keys() - {kind}
    assert world.lists.rows(other)
    world.denied = ""
    world.sweep()
    assert world.lists.problems() == {}
