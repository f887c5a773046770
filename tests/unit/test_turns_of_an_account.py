"""What is read in turns in an account, with the cache and the lists as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ram_operator.cloud.list_calls import Row
from ram_operator.config import Settings
from ram_operator.constants import Reason
from ram_operator.errors import RamOperatorError, Retry
from ram_operator.kinds.identity import Identity
from ram_operator.loop import rotations
from ram_operator.loop.rotations import TRUSTS
from ram_operator.model.objects import Key
from ram_operator.runtime.rotation import Pace
from ram_operator.runtime.sweep import AccountLists

ACCOUNT = "1234567890123456"
OWNER = Key("RamRole", "team", "web")
TRUST = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'


class Around:
    """One role of one account. `record`: whether the cache knows its record."""

    def __init__(self) -> None:
        self.now, self.record = 1000.0, True
        self.asked: list[str] = []
        self.read = Counter[str]()
        self.refused: dict[str, RamOperatorError] = {}
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
        if key.kind == "RamRole":
            return SimpleNamespace(owner=None)
        for folded in self.lists.rows("RamRole") or {}:
            if self.record and key == Identity(ACCOUNT, "RamRole", folded).key:
                return SimpleNamespace(owner=Key("RamRole", "team", folded))
        return None

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(action)
        name = str(parameters["RoleName"])
        if name in self.refused:
            raise self.refused[name]
        self.read[name] += 1
        return {"Role": {"RoleId": "1", "AssumeRolePolicyDocument": TRUST}}

    def sweep(self) -> None:
        self.now += 300.0
        rotations.run(self.ports, self.session, self.lists)

    def looked(self) -> None:
        found = rotations.digest("RamRole", rotations.role_calls.read_role(self, "web").fields)
        self.lists.rotations[TRUSTS].noted("role/web", found, self.now, Pace.USUAL)
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


def test_who_waits_for_the_cloud_makes_the_class_older_although_nobody_has_looked() -> None:
    around = Around()
    around.looked()
    around.sweep()
    assert around.age == 0.0
    around.record = False
    around.sweep()
    around.record = True
    around.refused["web"] = Retry(Reason.THROTTLED, "later")
    for age in (300.0, 600.0):
        around.sweep()
        assert around.age == age
    assert TRUSTS in around.lists.broken()
    assert around.woken == []


ODD = Retry(Reason.CLOUD_UNAVAILABLE, "GetRole got no usable answer")


def many(count: int) -> tuple[Around, list[str]]:
    """That many roles, of which nobody has read any."""
    around, names = Around(), [f"r{number:02}" for number in range(count)]
    around.lists.took("RamRole", {name: Row(name, b"1") for name in names}, around.now)
    return around, names


def test_one_that_answers_wrongly_for_good_costs_no_other_a_reading_nor_the_class_its_cover() -> (
    None
):
    around, names = many(60)
    bad = names[7]
    around.refused[bad] = ODD
    for _ in range(7):
        around.sweep()
    turns = around.lists.rotations[TRUSTS]
    assert {name for name in names if around.read[name]} == set(names) - {bad}
    assert around.lists.broken() == frozenset()
    assert around.age == 0.0
    # It is told, and its object looks by itself.
    assert around.lists.problems() == {TRUSTS: Reason.CLOUD_UNAVAILABLE}
    assert turns.disputed(f"role/{bad}")
    assert [name for name in names if f"role/{name}" in turns.unread] == [bad]
    assert Key("RamRole", "team", bad) in around.woken
    del around.refused[bad]
    around.sweep()
    assert around.lists.problems() == {}
    # A close look would do as well.
    around.refused[bad] = ODD
    around.now += 9000.0
    around.sweep()
    turns.noted(f"role/{bad}", b"1", around.now, Pace.USUAL)
    assert f"role/{bad}" not in turns.unread


def test_however_many_answer_wrongly_all_others_are_read() -> None:
    around, names = many(60)
    bad = set(names[::3])
    around.refused.update(dict.fromkeys(bad, ODD))
    for _ in range(30):
        before = len(around.asked)
        around.sweep()
        assert len(around.asked) - before <= 13, "it waits for few that do not answer"
    assert {name for name in names if around.read[name]} == set(names) - bad
    assert around.lists.broken() == frozenset()
    assert {key.name for key in around.woken} >= bad


def test_a_cloud_that_answers_nobody_is_asked_for_few_and_all_count_as_not_seen() -> None:
    around, names = many(60)
    around.refused.update(dict.fromkeys(names, ODD))
    around.sweep()
    assert len(around.asked) == 3
    assert TRUSTS in around.lists.broken()


def test_a_look_that_did_not_learn_it_either_ends_nothing() -> None:
    """As of a user whose keys cannot be listed: else nobody would be told between two turns."""
    around, names = many(10)
    turns, bad = around.lists.rotations[TRUSTS], f"role/{names[3]}"
    around.refused[names[3]] = ODD
    for _ in range(7):
        around.sweep()
    for _ in range(3):
        turns.noted(bad, None, around.now, Pace.USUAL)
        assert turns.disputed(bad)
        around.sweep()
        assert around.lists.problems() == {TRUSTS: Reason.CLOUD_UNAVAILABLE}
    assert around.lists.broken() == frozenset()
