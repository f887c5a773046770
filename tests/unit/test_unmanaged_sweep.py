"""What the sweep learns of those that nobody manages: which documents are read, and how seldom."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

from ram_operator import documents
from ram_operator.cloud.list_calls import Row
from ram_operator.constants import Reason, Severity
from ram_operator.errors import Absent, Retry
from ram_operator.kinds.account import account_settings
from ram_operator.loop import unmanaged
from ram_operator.model.objects import Key
from ram_operator.model.vocabulary import Origin
from ram_operator.runtime.sweep import AccountLists, Inventory
from ram_operator.runtime.unmanaged_facts import KEPT_SECONDS, UNLISTED_SECONDS

IDENTITY_GRANT = documents.parse_policy(
    {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ram:*", "Resource": "*"}]}
)
HARMLESS = documents.parse_policy(
    {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]}
)
STRANGER = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": ["acs:ram::3000000000000003:root"]},
            }
        ],
    }
)
INSIDE = STRANGER.replace("3000000000000003", "1")
SWEEP = 300.0


class World:
    """Ports and a session around lists that are told."""

    def __init__(self, **spec: Any) -> None:
        self.now = 1000.0
        self.documents: dict[str, documents.Policy] = {}
        self.read: Counter[str] = Counter()
        self.broken = False
        self.gone: set[str] = set()
        self.trust = STRANGER
        self.owned: set[str] = set()
        self.lists = AccountLists()
        self.ports: Any = SimpleNamespace(
            settings=SimpleNamespace(sweep_seconds=SWEEP),
            clock=SimpleNamespace(monotonic=lambda: self.now, wall=lambda: 2e9),
            cache=SimpleNamespace(facts=self._facts, trusted=self._trusted),
        )
        self.session: Any = SimpleNamespace(
            account=account_settings("main", {"accountId": "1", **spec}),
            client=self,
            kept=SimpleNamespace(policies=SimpleNamespace(read=self._read)),
        )

    def call(self, action: str, parameters: dict[str, str]) -> dict[str, Any]:
        assert action == "GetRole"
        name = parameters["RoleName"]
        self.read[name] += 1
        if self.broken:
            raise Retry(Reason.ACCESS_DENIED, "no")
        if name in self.gone:
            raise Absent("gone", code="", relation=False)
        role = {"RoleName": name, "RoleId": "1", "AssumeRolePolicyDocument": self.trust}
        return {"Role": role}

    def read_trusts(self) -> int:
        """How many in this sweep."""
        before = sum(self.read.values())
        unmanaged.trusts(self.ports, self.session, self.lists)
        self.now += SWEEP
        return sum(self.read.values()) - before

    def _facts(self, key: Key) -> Any:
        owner = Key("RamRole", "team", "it") if key.name in self.owned else None
        return SimpleNamespace(owner=owner)

    def _trusted(self, arn: str, _: Key) -> bool:
        return arn in self.owned

    def _read(self, _: Any, kind: str, name: str) -> tuple[documents.Policy, ...]:
        key = f"{kind}/{name}".lower()
        self.read[key] += 1
        if self.broken:
            raise Retry(Reason.THROTTLED, "later")
        if key not in self.documents:
            raise Absent("gone", code="", relation=False)
        return (self.documents[key],)

    def rows(self, kind: str, **digests: bytes) -> None:
        self.lists.took(kind, {name: Row(name, digest) for name, digest in digests.items()}, 0.0)

    def inside(self) -> None:
        """No role trusts anybody outside, and all were read."""
        self.trust = INSIDE
        self.read_trusts()
        self.read.clear()

    def learn(
        self, policies: dict[str, set[str]] | None, groups: dict[str, list[str]] | None = None
    ) -> None:
        found = None if policies is None else {k: frozenset(v) for k, v in policies.items()}
        unmanaged.learn(self.ports, self.session, self.lists, found, groups)
        self.now += SWEEP

    def inventory(self) -> Inventory:
        return unmanaged.inventory(self.ports, self.session, self.lists)

    def severities(self) -> dict[str, Severity]:
        return {one.name: one.severity for one in self.inventory().unmanaged}


def many(number: int) -> set[str]:
    return {f"System/P{n:03}" for n in range(number)}


def test_a_few_documents_are_read_in_each_sweep_and_each_once_in_a_day() -> None:
    world, policies = World(), many(50)
    world.documents = {name.lower(): HARMLESS for name in policies}
    world.rows("RamRole", web=b"1")
    world.inside()
    counts = []
    for _ in range(5):
        before = sum(world.read.values())
        world.learn({"role/web": policies})
        counts.append(sum(world.read.values()) - before)
    assert counts == [20, 20, 10, 0, 0]
    assert world.severities() == {"web": Severity.INFO}
    sweeps = int(KEPT_SECONDS / SWEEP)
    for _ in range(3 * sweeps):
        world.learn({"role/web": policies})
    assert max(world.read.values()) <= 4
    # Nothing is kept of what nobody has.
    world.learn({"role/web": set()})
    assert len(world.lists.unmanaged.policies) == 0


def test_what_was_not_read_yet_is_a_warning_and_old_news_is_better_than_none() -> None:
    world = World()
    world.documents = {name.lower(): HARMLESS for name in many(50)}
    world.rows("RamRole", web=b"1")
    world.inside()
    world.learn({"role/web": many(50)})
    assert world.severities() == {"web": Severity.WARNING}
    (one,) = world.inventory().unmanaged
    assert "what it allows is not known" in one.why
    for _ in range(2):
        world.learn({"role/web": many(50)})
    world.now += KEPT_SECONDS
    world.broken = True
    world.learn({"role/web": many(50)})
    assert world.severities() == {"web": Severity.INFO}


def test_who_is_told_to_wait_tries_no_other_in_that_sweep() -> None:
    world = World()
    world.rows("RamRole", web=b"1")
    world.inside()
    world.broken = True
    world.learn({"role/web": many(50)})
    assert sum(world.read.values()) == 1
    # One that does not exist is not asked for again and again.
    world.broken = False
    for _ in range(4):
        world.learn({"role/web": {"Custom/Gone"}})
    assert world.read["custom/gone"] == 1
    assert world.severities() == {"web": Severity.WARNING}


def test_a_custom_policy_is_read_when_its_row_moves_and_without_a_row_once_in_an_hour() -> None:
    world = World()
    world.documents = {"custom/own": HARMLESS}
    world.rows("RamRole", web=b"1")
    world.inside()
    for _ in range(int(UNLISTED_SECONDS / SWEEP) + 1):
        world.learn({"role/web": {"Custom/Own"}})
    assert world.read["custom/own"] == 2
    world.rows("RamPolicy", own=b"1")
    world.documents = {"custom/own": IDENTITY_GRANT}
    for _ in range(9):
        world.learn({"role/web": {"Custom/OWN"}})
    assert world.read["custom/own"] == 3
    assert world.severities() == {"web": Severity.CRITICAL, "own": Severity.WARNING}
    world.rows("RamPolicy", own=b"2")
    world.documents = {"custom/own": HARMLESS}
    # Until it was read again nobody knows.
    assert world.severities()["own"] is Severity.INFO
    world.learn({"role/web": {"Custom/Own"}})
    assert world.severities() == {"web": Severity.INFO, "own": Severity.INFO}


def test_nothing_is_read_for_those_that_somebody_manages_or_the_platform_keeps() -> None:
    world = World()
    rows = {"ours": Row("ours", b""), "linked": Row("linked", b"", Origin.SERVICE_LINKED)}
    world.lists.took("RamRole", rows, 0.0)
    world.owned = {"1.ramrole.ours"}
    names = ("role/ours", "role/linked", "role/gone")
    world.learn({name: {"System/AdministratorAccess"} for name in names})
    assert not world.read
    count = world.inventory().counts["RamRole"]
    assert (count.managed, count.service_linked, count.unmanaged) == (1, 1, 0)


def test_a_user_has_what_his_groups_have_also_where_these_are_managed() -> None:
    world = World()
    world.documents = {"system/admin": IDENTITY_GRANT}
    world.rows("RamUser", ann=b"1", bob=b"1")
    world.rows("RamGroup", ops=b"1")
    world.owned = {"1.ramgroup.ops"}
    world.learn({"group/ops": {"System/Admin"}})
    # Nobody knows yet who is in it.
    assert world.severities() == {"ann": Severity.WARNING, "bob": Severity.WARNING}
    world.learn({"group/ops": {"System/Admin"}}, {"user/ann": ["ops"], "user/gone": ["ops"]})
    assert world.severities() == {"ann": Severity.CRITICAL, "bob": Severity.INFO}
    assert world.lists.unmanaged.groups == {"user/ann": ("ops",)}
    # What is not asked now, or cannot be listed, is as it was.
    world.learn(None)
    assert world.severities()["ann"] is Severity.CRITICAL


def test_before_anything_is_listed_it_is_said_to_be_unknown() -> None:
    world = World()
    world.rows("RamRole", web=b"1")
    world.inside()
    world.learn(None)
    (one,) = world.inventory().unmanaged
    assert (one.severity, one.why) == (Severity.WARNING, "what it has attached is not known")


def test_an_ignored_identity_is_counted_apart_and_one_that_is_managed_is_not_ignored() -> None:
    rule = {"kind": "RamRole", "name": "tmp-*", "reason": "x"}
    world = World(inventory={"ignore": [rule]})
    world.rows("RamRole", **{"tmp-a": b"", "tmp-ours": b"", "a": b""})
    world.rows("RamUser", **{"tmp-a": b""})
    world.owned = {"1.ramrole.tmp-ours"}
    counts = world.inventory().counts
    roles = counts["RamRole"]
    assert (roles.managed, roles.ignored, roles.unmanaged) == (1, 1, 1)
    assert counts["RamUser"].unmanaged == 1


def test_what_is_kept_of_an_identity_is_small() -> None:
    """A thousandth of a thousand users with long names, each in ten groups of long names."""
    import tracemalloc

    world = World()
    world.documents = {"custom/" + "p" * 120: IDENTITY_GRANT}
    names = [f"user-{number:04}" + "x" * 50 for number in range(1000)]
    world.rows("RamUser", **dict.fromkeys(names, b"1"))
    world.rows("RamGroup", **{f"group-{n}-" + "g" * 100: b"1" for n in range(20)})
    groups = list(world.lists.rows("RamGroup") or {})
    policies = {f"user/{name}": {"Custom/" + "p" * 120} for name in names}
    joined = {f"user/{name}": groups[:10] for name in names}
    tracemalloc.start()
    world.learn(policies, joined)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(names) < 1000


def test_trusts_are_read_within_half_an_hour_and_then_once_in_a_day() -> None:
    world = World()
    world.rows("RamRole", **{f"role-{number}": b"1" for number in range(240)})
    counts = [world.read_trusts() for _ in range(8)]
    assert counts == [40] * 6 + [0, 0]
    roles = world.inventory().counts["RamRole"]
    assert (roles.outside, roles.warning) == (240, 240)
    day = int(KEPT_SECONDS / SWEEP)
    later = [world.read_trusts() for _ in range(4 * day)]
    # By then they are spread: 240 a day are one in a sweep.
    assert max(later[day:]) == 1
    assert sum(later[day:]) <= 3 * 240 * 1.25
    assert world.lists.problems() == {}
    assert world.now - world.lists.looked()["unmanagedTrusts"] <= SWEEP


def test_a_role_that_is_new_or_moved_is_read_at_once_and_first() -> None:
    world = World()
    rows = {f"role-{number}": b"1" for number in range(60)}
    world.rows("RamRole", **rows)
    for _ in range(6):
        world.read_trusts()
    world.read.clear()
    world.trust = INSIDE
    world.rows("RamRole", **{**rows, "role-7": b"2", "new": b"1"})
    assert world.read_trusts() == 2
    assert set(world.read) == {"role-7", "new"}
    # Once more, for an answer may be from before.
    assert [world.read_trusts() for _ in range(3)] == [2, 0, 0]
    assert world.inventory().counts["RamRole"].outside == 59
    # Those that somebody manages now are read by their objects.
    world.owned = {"1.ramrole.role-7", "1.ramrole.role-8"}
    world.rows("RamRole", **{**rows, "role-7": b"3", "role-8": b"3", "new": b"1"})
    assert world.read_trusts() == 0


def test_whom_a_role_trusts_that_cannot_be_read_is_said_to_be_unknown() -> None:
    world = World()
    world.rows("RamRole", **{f"role-{number}": b"1" for number in range(30)})
    world.learn({})
    world.broken = True
    # Few are tried in each sweep, and others in the next one.
    assert [world.read_trusts() for _ in range(3)] == [3, 3, 3]
    assert world.lists.problems() == {"unmanagedTrusts": "AccessDenied"}
    one = world.inventory().unmanaged[0]
    assert (one.severity, one.why) == (Severity.WARNING, "whom it trusts is not known")
    world.broken, world.gone = False, {"role-0"}
    for _ in range(4):
        world.read_trusts()
    assert world.lists.problems() == {}
    assert world.inventory().counts["RamRole"].outside == 29
    world.trust = "{"
    world.rows("RamRole", **{f"role-{number}": b"2" for number in range(20, 30)})
    world.read_trusts()
    why = {one.why for one in world.inventory().unmanaged}
    assert why == {"a statement that cannot be read may assume it from outside the account"}


def test_readings_that_are_overdue_are_told_by_their_age() -> None:
    world = World()
    world.rows("RamRole", web=b"1")
    world.read_trusts()
    at = world.lists.looked()["unmanagedTrusts"]
    world.broken = True
    for _ in range(400):
        world.read_trusts()
    assert world.lists.looked()["unmanagedTrusts"] < at + KEPT_SECONDS


def test_providers_that_no_role_of_an_object_trusts_are_counted_as_unmanaged() -> None:
    world = World(
        inventory={"ignore": [{"kind": "RamSamlProvider", "name": "old*", "reason": "x"}]}
    )
    world.rows("RamSamlProvider", corp=b"1", oldcorp=b"2", staff=b"3")
    kept = Row("ack-rrsa-c1", b"1", Origin.PROVISIONED)
    rows = {"ack-rrsa-c1": kept, "ci": Row("CI", b"2")}
    world.lists.took("RamOidcProvider", rows, 0.0)
    world.owned = {f"acs:ram::1:oidc-provider/{name}" for name in rows}
    world.owned.add("acs:ram::1:saml-provider/corp")
    found = unmanaged.inventory(world.ports, world.session, world.lists)
    saml, oidc = (found.counts[f"Ram{sort}Provider"] for sort in ("Saml", "Oidc"))
    assert (saml.managed, saml.unmanaged, saml.ignored) == (1, 1, 1)
    # What ACK keeps is apart whoever trusts it, so that its count does not move with roles.
    assert (oidc.managed, oidc.unmanaged, oidc.provisioned) == (1, 0, 1)
    assert [(one.kind, one.name, one.severity) for one in found.unmanaged] == [
        ("RamSamlProvider", "staff", Severity.INFO)
    ]
