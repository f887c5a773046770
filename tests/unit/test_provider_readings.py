"""Identity providers that roles trust: who has to look when one is another one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ram_operator.constants import Reason
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.kinds.identity import Identity
from ram_operator.loop import provider_readings
from ram_operator.loop.provider_readings import PROVIDERS
from ram_operator.model.objects import Key
from ram_operator.runtime.provider_watch import ProviderWatch
from ram_operator.runtime.sweep import AccountLists

GIT, IDP = "oidc-provider/Git", "saml-provider/idp"
ACCOUNT = "1234567890123456"


def test_who_trusts_one_that_is_another_one_now_has_to_look() -> None:
    watch = ProviderWatch()
    watch.noted("role/a", {GIT})
    watch.noted("role/b", {GIT, IDP})
    assert watch.names() == [GIT, IDP]
    # Nobody knows what it was when they were looked at.
    assert watch.took(GIT, "one") == ["role/a", "role/b"]
    assert watch.took(GIT, "one") == []
    assert watch.took(IDP, "one") == ["role/b"]
    assert watch.took(GIT, "two") == ["role/a", "role/b"]
    watch.noted("role/b", {IDP})
    assert watch.took(GIT, "one") == ["role/a"]


def test_one_that_nobody_trusts_any_more_is_not_read_and_not_remembered() -> None:
    watch = ProviderWatch()
    watch.noted("role/a", {GIT})
    watch.took(GIT, "one")
    watch.noted("role/a", frozenset())
    assert watch.names() == []
    watch.noted("role/a", {GIT})
    assert watch.names() == [GIT]
    assert watch.took(GIT, "one") == ["role/a"]


class Around:
    """An account with one role that trusts one provider."""

    def __init__(self) -> None:
        self.state, self.denied, self.now = "one", False, 100.0
        self.refused: dict[str, RamOperatorError] = {}
        self.woken: list[Key] = []
        self.lists = AccountLists()
        self.lists.providers.noted("role/web", {GIT})
        owner = Key("RamRole", "team", "web")
        record = Identity(ACCOUNT, "RamRole", "web").key
        facts = {record: SimpleNamespace(owner=owner), owner: SimpleNamespace(owner=None)}
        self.ports: Any = SimpleNamespace(
            clock=SimpleNamespace(monotonic=lambda: self.now),
            cache=SimpleNamespace(facts=facts.get),
            queue=SimpleNamespace(add=lambda key, *_: self.woken.append(key)),
        )
        self.session: Any = SimpleNamespace(
            account=SimpleNamespace(name="main", account_id=ACCOUNT, interval=600.0),
            client=None,
            kept=SimpleNamespace(providers=self),
        )

    def read(self, calls: Any, name: str, now: float, *, fresh: bool) -> str:
        assert fresh
        if name in self.refused:
            raise self.refused[name]
        if self.denied:
            raise RamOperatorError(Reason.ACCESS_DENIED, "no")
        return self.state

    def sweep(self) -> int:
        """How many objects look because of it."""
        self.now += 300.0
        self.woken.clear()
        provider_readings.run(self.ports, self.session, self.lists)
        return len(self.woken)


def test_a_provider_that_is_swapped_by_hand_is_found_by_the_next_sweep() -> None:
    around = Around()
    assert [around.sweep(), around.sweep()] == [1, 0]
    around.state = "swapped"
    assert [around.sweep(), around.sweep()] == [1, 0]
    assert around.lists.looked()[PROVIDERS] == around.now


def test_one_that_cannot_be_read_is_told_and_who_trusts_it_looks_by_himself() -> None:
    around = Around()
    around.sweep()
    around.denied = True
    assert [around.sweep(), around.sweep()] == [1, 0], "as often as without any sweep from then on"
    assert around.lists.problems() == {PROVIDERS: Reason.ACCESS_DENIED}
    # Those of the others are shown all the same.
    assert around.lists.broken() == frozenset()
    watch = around.lists.providers
    assert [watch.disputed(role) for role in ("role/web", "role/other")] == [True, False]
    around.denied, around.state = False, "swapped"
    assert around.sweep() == 1


def test_one_that_cannot_be_read_hides_no_other_one() -> None:
    around = Around()
    around.lists.providers.noted("role/web", {"oidc-provider/A", GIT})
    around.sweep()
    around.refused["oidc-provider/A"] = Stalled(Reason.ACCESS_DENIED, "not this one")
    around.state = "swapped"
    assert around.sweep() == 2, "because of either"
    assert around.lists.problems() == {PROVIDERS: Reason.ACCESS_DENIED}
    around.refused["oidc-provider/A"] = Retry(Reason.CLOUD_UNAVAILABLE, "it answers wrongly")
    around.state = "swapped again"
    assert around.sweep() == 1
    around.refused[GIT] = Retry(Reason.THROTTLED, "later")
    around.state = "and again"
    assert around.sweep() == 0, "who is told to wait does"
    assert PROVIDERS in around.lists.broken()


def test_what_only_a_role_trusts_that_was_left_in_the_cloud_is_not_read() -> None:
    around = Around()
    around.lists.providers.noted("role/left", {"oidc-provider/A"})
    around.refused["oidc-provider/A"] = Stalled(Reason.ACCESS_DENIED, "not this one")
    around.sweep()
    assert around.lists.problems() == {}
    assert around.lists.providers.names() == [GIT]
