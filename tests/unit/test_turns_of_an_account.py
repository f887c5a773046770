"""What is read in turns in an account, with the cache and the lists as they are."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ram_operator.cloud.list_calls import Row
from ram_operator.config import Settings
from ram_operator.kinds.identity import Identity
from ram_operator.loop import rotations
from ram_operator.loop.rotations import TRUSTS
from ram_operator.model.objects import Key
from ram_operator.runtime.sweep import AccountLists

ACCOUNT = "1234567890123456"
WEB = Identity(ACCOUNT, "RamRole", "web")
OWNER = Key("RamRole", "team", "web")
TRUST = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'


class Around:
    """One role of one account. `record`: whether the cache knows its record."""

    def __init__(self) -> None:
        self.now, self.record = 1000.0, True
        self.asked: list[str] = []
        self.woken: list[Key] = []
        self.lists = AccountLists()
        self.lists.took("RamRole", {"web": Row("web", b"1")}, self.now)
        self.session: Any = SimpleNamespace(
            account=SimpleNamespace(name="main", account_id=ACCOUNT), client=self
        )
        self.ports: Any = SimpleNamespace(
            settings=Settings(),
            clock=SimpleNamespace(monotonic=lambda: self.now),
            cache=SimpleNamespace(facts=self.facts),
            queue=SimpleNamespace(add=lambda key, _: self.woken.append(key)),
        )

    def facts(self, key: Key) -> Any:
        if key == OWNER:
            return SimpleNamespace(owner=None)
        return SimpleNamespace(owner=OWNER) if self.record and key == WEB.key else None

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(action)
        return {"Role": {"RoleId": "1", "AssumeRolePolicyDocument": TRUST}}

    def sweep(self) -> None:
        self.now += 300.0
        rotations.run(self.ports, self.session, self.lists)

    def looked(self) -> None:
        found = rotations.digest("RamRole", rotations.role_calls.read_role(self, "web").fields)
        self.lists.rotations[TRUSTS].noted("role/web", found, self.now, often=False)
        self.asked.clear()

    @property
    def age(self) -> float:
        return self.now - self.lists.looked()[TRUSTS]


def test_whose_record_was_out_of_the_cache_for_a_moment_is_read_again() -> None:
    around = Around()
    around.looked()
    around.sweep()
    around.record = False
    around.sweep()
    around.record = True
    around.sweep()
    assert (around.asked, around.woken) == (["GetRole"], [OWNER])


def test_who_cannot_be_read_makes_the_class_older_although_nobody_has_looked() -> None:
    around = Around()
    around.looked()
    around.sweep()
    assert around.age == 0.0
    around.record = False
    around.sweep()
    around.record, around.call = True, _denied  # type: ignore[method-assign]
    for age in (300.0, 600.0):
        around.sweep()
        assert around.age == age
    assert TRUSTS in around.lists.problems()


def _denied(action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    raise rotations.RamOperatorError("AccessDenied", "no")
