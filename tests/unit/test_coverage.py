"""How often objects are looked at by themselves, by what the sweep shows of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.cloud.held import Held
from ram_operator.cloud.list_calls import LISTINGS, Row
from ram_operator.config import Settings
from ram_operator.constants import Reason
from ram_operator.kinds.account import account_settings
from ram_operator.kinds.manifest import options
from ram_operator.kinds.table import KINDS
from ram_operator.loop import coverage
from ram_operator.loop.coverage import NEEDS, SELDOM
from ram_operator.model.objects import Key
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Phase, Presence
from ram_operator.runtime.rotation import Pace
from ram_operator.runtime.sweep import Sweeps

ACCOUNT = {"accountId": "1234567890123456"}
ALL = sorted({name for names in NEEDS.values() for name in names})


class Around:
    """Ports of which the clock moves when it is told to."""

    def __init__(self, **spec: Any) -> None:
        self.now = 1000.0
        self.added: list[tuple[Key, float]] = []
        self.facts = {
            Key("RamRole", "team", "ours"): "main",
            Key("RamRole", "team", "theirs"): "other",
            Key("RamPolicy", "team", "ours"): "main",
        }
        self.session: Any = SimpleNamespace(account=account_settings("main", {**ACCOUNT, **spec}))
        self.sweeps = Sweeps()
        self.lists = self.sweeps.lists("main", ACCOUNT["accountId"])
        self.ports: Any = SimpleNamespace(
            settings=Settings(),
            clock=SimpleNamespace(monotonic=lambda: self.now),
            sweeps=self.sweeps,
            cache=SimpleNamespace(
                keys=lambda kind: [key for key in self.facts if key.kind == kind],
                facts=lambda key: SimpleNamespace(account=self.facts[key]),
            ),
            queue=SimpleNamespace(add=lambda key, lane, delay: self.added.append((key, delay))),
        )

    def read(self, *names: str) -> None:
        for name in names or ALL:
            self.lists.believed(name, self.now)

    def watch(self) -> None:
        coverage.watch(self.ports, self.session, lambda: 0.5)

    def watched(self, **spec: Any) -> float:
        return coverage.watched(self.ports, self.session, "RamRole", options(spec))

    def interval(self, kind: str = "RamRole", *, quiet: bool = True, **spec: Any) -> float:
        return coverage.interval(self.ports, self.session, kind, options(spec), quiet=quiet)


def test_every_kind_and_every_list_is_thought_of() -> None:
    assert NEEDS.keys() == KINDS.keys()
    assert set(LISTINGS) <= set(ALL)


def test_what_the_sweep_shows_whole_is_looked_at_once_a_day() -> None:
    around = Around()
    assert around.interval() == 600.0, "before the first sweep"
    around.read()
    assert {around.interval(kind) for kind in KINDS} == {SELDOM}
    assert around.interval(quiet=False) == 600.0
    around.ports.settings = Settings(sweep_seconds=0.0)
    assert around.interval() == 600.0


def test_where_somebody_says_how_often_that_holds() -> None:
    around = Around()
    around.read()
    assert around.interval(driftInterval="2m") == 120.0
    assert around.interval(driftInterval="10s") == 60.0
    told = Around(driftInterval="1h")
    told.read()
    assert told.interval() == 3600.0


@pytest.mark.parametrize(
    ("spec", "told"),
    [({"driftInterval": "10m"}, True), ({"driftInterval": "9m"}, False), ({}, False)],
)
def test_what_was_a_default_once_is_told_of(spec: dict[str, str], told: bool) -> None:
    around = Around(**spec)
    assert ("driftInterval is 10m" in coverage.remark(around.ports, around.session)) is told
    around.ports.settings = Settings(sweep_seconds=0.0)
    assert coverage.remark(around.ports, around.session) == ""


@pytest.mark.parametrize("missing", ALL)
def test_without_a_class_the_kinds_that_need_it_are_looked_at_as_before(missing: str) -> None:
    around = Around()
    around.read()
    around.lists.failed(missing, "AccessDenied")
    around.watch()
    assert around.interval() == SELDOM, "one failure is no reason to look at everything"
    around.now += 900.0
    around.watch()
    around.now += 1.0
    around.read(*(other for other in ALL if other != missing))
    for kind, names in NEEDS.items():
        assert around.interval(kind) == (600.0 if missing in names else SELDOM)


@pytest.mark.parametrize(
    ("name", "age"),
    [("RamRole", 900.0), ("attachments", 900.0), ("memberships", 1800.0), ("trusts", 900.0)],
)
def test_a_class_that_grew_old_is_missing(name: str, age: float) -> None:
    around = Around()
    around.read()
    around.now += age
    around.read(*(other for other in ALL if other != name))
    assert len(coverage.covered(around.ports, around.lists)) == len(NEEDS)
    around.now += 1.0
    lost = {kind for kind, names in NEEDS.items() if name in names}
    assert coverage.covered(around.ports, around.lists) == NEEDS.keys() - lost


def test_who_is_covered_no_more_is_looked_at_soon_and_only_once() -> None:
    around = Around()
    around.watch()
    assert around.added == [], "they are looked at as often as before"
    around.read()
    around.watch()
    around.lists.failed("attachments", "AccessDenied")
    for _ in range(2):
        around.watch()
    assert around.added == []
    for _ in range(2):
        around.now += 901.0
        around.read(*(other for other in ALL if other != "attachments"))
        around.watch()
    assert around.added == [(Key("RamRole", "team", "ours"), 300.0)]


def test_while_the_sweep_shows_all_somebody_looks_and_not_before() -> None:
    around = Around()
    assert around.watched() == 1200.0
    around.read()
    around.watch()
    around.now += 600.0
    assert around.watched() == 1800.0
    assert around.watched(driftInterval="5m") == 600.0
    around.now += 9 * SELDOM
    around.read()
    assert around.watched() == 2 * SELDOM
    # Nobody looked meanwhile, and the sweep that comes now says nothing of that time. Passes may
    # ask before anybody has noticed, as where an account was suspended.
    around.now += 3600.0
    assert around.watched() == 1200.0
    around.watch()
    around.read()
    around.watch()
    assert around.watched() == 1200.0


def trust(**principal: list[str]) -> documents.Trust:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return documents.parse_trust({"Version": "1", "Statement": [statement]})


CALM = Live(
    Presence.PRESENT, fields={"trustPolicy": trust(Service=["fc.aliyuncs.com"])}, read_at=1.0
)


def federated(*providers: str) -> Live:
    return Live(Presence.PRESENT, fields={"trustPolicy": trust(Federated=list(providers))})


OURS = "acs:ram::1234567890123456:saml-provider/idp"


def outcomes() -> Iterator[tuple[str, Outcome, bool]]:
    def one(plan: Plan | None = None, phase: Phase = Phase.DONE, **more: Any) -> Outcome:
        return Outcome(phase, Reason.SYNCED, "", **{"plan": plan or Plan(), "live": CALM, **more})

    yield "in sync", one(), True
    yield "not in sync", one(Plan(in_sync=False)), False
    yield "waits", one(Plan(waiting=("for a policy",))), False
    yield "stalled", one(phase=Phase.STALLED), False
    yield "wrote", one(steps_done=(SimpleNamespace(),)), False
    yield "did not look", one(live=None), False
    ours = {"account_id": ACCOUNT["accountId"]}
    yield "trusts a provider", one(live=federated(OURS), **ours), True
    theirs = OURS.replace("1234567890123456", "6543210987654321")
    yield "trusts another's provider", one(live=federated(OURS, theirs), **ours), False
    yield "trusts all providers", one(live=federated(OURS[:-3] + "*"), **ours), False


@pytest.mark.parametrize(
    ("outcome", "quiet"),
    [pytest.param(outcome, quiet, id=name) for name, outcome, quiet in outcomes()],
)
def test_only_what_is_as_agreed_and_needs_no_provider_is_left_to_the_sweep(
    outcome: Outcome, quiet: bool
) -> None:
    assert coverage.quiet(outcome) is quiet


SHOWN = replace(CALM, cloud_name="Ours")


def calm(around: Around, **more: Any) -> bool:
    """Whether an object of which nothing waits is left to the sweep."""
    values = {"plan": Plan(), "live": SHOWN, "recorded": True, **more}
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "", **values)
    role = Key("RamRole", "team", "ours")
    return coverage.calm(around.ports, around.session, role, outcome)


def listed(*names: str) -> Around:
    """An account whose list of roles has these."""
    around, record = Around(), Key("RamRecord", "", "r")
    around.ports.cache.owned = lambda key: [record]
    around.lists.took("RamRole", {name.lower(): Row(name, b"1") for name in names}, around.now)
    return around


def test_who_has_no_record_is_not_left_to_a_sweep_that_would_not_find_him() -> None:
    """As all in an account that is observed."""
    around, role, record = listed("ours"), Key("RamRole", "team", "ours"), Key("RamRecord", "", "r")
    for owned in ([], [record]):
        around.ports.cache.owned = {role: owned}.get
        assert calm(around) is bool(owned)
    # What the sweep saw before there was one may have woken nobody.
    assert not calm(around, recorded=False)


def test_whom_the_list_leaves_out_is_not_left_to_the_sweep() -> None:
    assert calm(listed("other", "OURS"))
    around = listed("other", "ours")
    around.lists.took("RamRole", {"other": Row("other", b"1")}, around.now)
    assert not calm(around), "nothing that happens to the role would move the list"
    around = Around()
    around.ports.cache.owned = listed().ports.cache.owned
    assert not calm(around), "there was no list yet"


def test_of_whom_list_and_looks_disagree_is_not_left_to_the_sweep() -> None:
    """Twice a list that looks do not bear out wakes somebody, and then it may be true."""
    around, shown = listed("ours"), {"role/ours": Held.of({"Custom/more"})}
    around.lists.attachments.noted("role/ours", frozenset(), around.now)
    for _ in range(4):
        around.now += 300.0
        around.lists.attachments.took(shown, around.now, 10.0)
        around.lists.attachments.noted("role/ours", frozenset(), around.now)
        assert not calm(around)
    around.lists.attachments.took({}, around.now + 300.0, 10.0)
    assert calm(around)


def test_of_whom_readings_and_looks_disagree_is_not_left_to_the_sweep() -> None:
    around = listed("ours")
    turns = around.lists.rotations["trusts"]
    turns.noted("role/ours", b"agreed", around.now, Pace.USUAL)
    assert calm(around)
    for at in (around.now + 10.0, around.now + 20.0):
        turns.read("role/ours", b"strange", at)
        turns.noted("role/ours", b"agreed", at, Pace.USUAL)
        assert not calm(around)
    turns.read("role/ours", b"agreed", around.now + 30.0)
    assert calm(around)


def test_who_cannot_be_read_is_not_left_to_the_sweep_and_the_others_are() -> None:
    around = listed("ours")
    turns, providers = around.lists.rotations["trusts"], around.lists.providers
    turns.noted("role/ours", b"agreed", around.now, Pace.USUAL)
    turns.unread.failed("role/other")
    assert calm(around)
    turns.unread.failed("role/ours")
    assert not calm(around)
    turns.read("role/ours", b"agreed", around.now + 10.0)
    assert calm(around)
    providers.noted("role/ours", {"oidc-provider/Git"})
    providers.unread.failed("oidc-provider/Git")
    assert not calm(around)
    providers.took("oidc-provider/Git", "one")
    assert calm(around)


def test_a_class_of_which_few_cannot_be_read_is_told_and_not_missing() -> None:
    around = Around()
    for _ in range(9):
        around.now += 300.0
        around.read(*(other for other in ALL if other != "trusts"))
        around.lists.believed("trusts", around.now, but="CloudUnavailable")
        around.watch()
    assert around.lists.problems() == {"trusts": "CloudUnavailable"}
    assert around.interval() == SELDOM
