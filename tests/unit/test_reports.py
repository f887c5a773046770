"""The credential report: what is none, who moved in it, and who need not be read in turns."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator import times
from ram_operator.cloud import report_calls
from ram_operator.cloud.list_calls import Row
from ram_operator.cloud.report_calls import GENERATE, GET, SignsIn
from ram_operator.config import Settings
from ram_operator.constants import Mode, Reason
from ram_operator.errors import RamOperatorError, Retry
from ram_operator.kinds.identity import Identity
from ram_operator.loop import reports
from ram_operator.loop.reports import REPORT
from ram_operator.loop.rotations import CANNOT_SIGN_IN, SIGN_INS
from ram_operator.model.objects import Key
from ram_operator.runtime.report_rows import ReportRows
from ram_operator.runtime.rotation import Pace
from ram_operator.runtime.sweep import AccountLists

COLUMNS = [
    "user",
    "user_creation_time",
    "user_last_logon",
    "password_exist",
    "password_active",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_exist",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used",
    "access_key_2_exist",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used",
]
HEADER = ",".join(COLUMNS)
BARE = {name: "FALSE" for name in COLUMNS if name.endswith("exist")}
NOON = times.seconds("2026-11-28T12:00:00Z")
CADENCES = {Pace.DANGEROUS: 900.0, Pace.USUAL: 10_800.0, Pace.HARMLESS: 10_800.0}
ANN, OWNER = "user/ann", Key("RamUser", "team", "ann")


def line(user: str, **values: str) -> str:
    return ",".join({**dict.fromkeys(COLUMNS, "-"), **BARE, "user": user, **values}.values())


def page(*lines: str, truncated: object = "false", **more: str) -> dict[str, Any]:
    content = base64.b64encode("".join(f"{text}\n" for text in lines).encode()).decode()
    return {"Content": content, "GeneratedTime": "t", "IsTruncated": truncated, **more}


class Pages:
    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self.pages = list(pages)

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.pages.pop(0)


def read(*pages: Mapping[str, Any]) -> dict[str, SignsIn]:
    return report_calls.read(Pages(*pages))[1]


def test_all_pages_count_whether_or_not_each_has_a_header() -> None:
    first = page(HEADER, line("<root>"), line("Ann@x"), truncated="true", NextToken="n")
    for second in (page(HEADER, line("b@b@x")), page(line("b@b@x"), truncated=False)):
        assert read(first, second).keys() == {ANN, "user/b@b"}


@pytest.mark.parametrize(
    "pages",
    [
        [page(HEADER, line("a@x"), truncated=True)],
        [page(HEADER, truncated=True, NextToken="n"), page(truncated=True, NextToken="n")],
        [{"Content": "%", "IsTruncated": False}],
        [{"IsTruncated": False}],
        [page(line("a@x"))],
        [page(HEADER, "a@x,-")],
        [page(HEADER, line("a@x"), line("A@x"))],
        [page(HEADER.replace("mfa_active", "mfa"), line("a@x"))],
        [{**page(HEADER, line("a@x")), "GeneratedTime": ""}],
        [
            page(HEADER, line("a@x"), truncated=True, NextToken="n"),
            {**page(line("b@x")), "GeneratedTime": "u"},
        ],
    ],
    ids=[
        *("cut", "a loop", "no base64", "nothing", "no header", "short", "twice"),
        *("a column less", "made never", "of two reports"),
    ],
)
def test_what_is_no_whole_report_is_none(pages: list[Mapping[str, Any]]) -> None:
    with pytest.raises(Retry):
        read(*pages)


def test_a_row_moves_by_what_people_do_and_not_by_use() -> None:
    def row(**values: str) -> SignsIn:
        return read(page(HEADER, line("ann@x", **values)))[ANN]

    assert row() == SignsIn(row().digest, nothing=True)
    for used in ("user_last_logon", "access_key_1_last_used", "password_next_rotation"):
        assert row(**{used: "now"}) == row()
    for moved in ("user_creation_time", "mfa_active", "access_key_2_last_rotated"):
        assert row(**{moved: "now"}).digest != row().digest
    for has in BARE:
        assert not row(**{has: "TRUE"}).nothing


def test_a_user_may_be_called_as_the_first_column_is() -> None:
    assert read(page(HEADER, line("user"), line("ann@x"))).keys() == {"user/user", ANN}


def test_keys_of_old_accounts_count_that_have_columns_of_their_own() -> None:
    more = ",".join(f"additional_access_key_1_{what}" for what in ("exist", "active"))

    def row(values: str) -> SignsIn:
        return read(page(f"{HEADER},{more}", f"{line('ann@x')},{values}"))[ANN]

    assert row("FALSE,N/A") == read(page(HEADER, line("ann@x")))[ANN]
    assert not row("TRUE,TRUE").nothing
    assert len({row("FALSE,N/A").digest, row("TRUE,TRUE").digest, row("TRUE,FALSE").digest}) == 3


def test_who_moved_since_the_report_before() -> None:
    rows, one, two = ReportRows(), SignsIn(b"1", nothing=True), SignsIn(b"2", nothing=False)
    assert rows.age(0.0) is None
    assert rows.took("t1", {ANN: one, "user/b": one}, 0.0) == frozenset()
    assert rows.without() == {ANN, "user/b"}
    assert rows.took("t1", {ANN: two}, 10.0) == frozenset(), "it is the same one"
    assert rows.age(20.0) == 20.0
    assert rows.took("t2", {ANN: two, "user/c": one}, 30.0) == {ANN}
    assert rows.without() == {"user/c"}


def test_a_part_of_a_report_has_nobody_look() -> None:
    """He who is not in it is read in turns."""
    rows, whole = ReportRows(), {f"user/{n}": SignsIn(b"1", nothing=True) for n in range(3500)}
    for number, shown in enumerate((whole, {"user/1": whole["user/1"]}, whole)):
        assert rows.took(f"t{number}", shown, float(number)) == frozenset()
        assert rows.without() == shown.keys()


class Around:
    """One user of one account, and a cloud that makes a report of what it has."""

    def __init__(self, **settings: float) -> None:
        self.now, self.state, self.made = 1000.0, "COMPLETED", "t1"
        self.has: dict[str, str] = {}
        self.lines: list[str] = []
        self.asked: list[str] = []
        self.woken: list[Key] = []
        self.denied = False
        self.lists = AccountLists()
        self.lists.took("RamUser", {"ann": Row("ann", b"1")}, self.now)
        self.turns = self.lists.rotations[SIGN_INS]
        account = SimpleNamespace(name="main", account_id="1" * 16, mode=Mode.MANAGE)
        self.session: Any = SimpleNamespace(account=account, client=self)
        record = Identity("1" * 16, "RamUser", "ann").key
        facts = {record: SimpleNamespace(owner=OWNER), OWNER: SimpleNamespace(owner=None)}
        self.ports: Any = SimpleNamespace(
            settings=Settings(**settings),
            clock=SimpleNamespace(
                monotonic=lambda: self.now, wall=lambda: NOON + self.now - 1000.0
            ),
            cache=SimpleNamespace(facts=facts.get),
            queue=SimpleNamespace(add=lambda key, _: self.woken.append(key)),
        )
        self.turns.noted(ANN, CANNOT_SIGN_IN, self.now, Pace.USUAL)

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(action)
        if self.denied:
            raise RamOperatorError(Reason.ACCESS_DENIED, "no")
        if action == GENERATE:
            return {"State": self.state}
        lines = (line("ann@x", **self.has), *self.lines)
        return {**page(HEADER, *lines), "GeneratedTime": self.made}

    def sweep(self, seconds: float = 300.0) -> None:
        self.now += seconds
        reports.run(self.ports, self.session, self.lists)

    def read_in_turns(self, after: float = 20_000.0) -> bool:
        due = self.turns.due(self.now + after, 300.0, CADENCES) == [ANN]
        assert due is bool(self.turns.late(self.now + after, CADENCES))
        return due


def test_who_cannot_sign_in_is_shown_by_the_report_alone() -> None:
    around = Around()
    assert around.read_in_turns()
    around.sweep()
    assert around.asked == [GENERATE, GET]
    assert not around.read_in_turns()
    around.sweep()
    assert around.asked == [GENERATE, GET], "once in four hours"
    # A close look found a key: the row is too old to know of it.
    around.turns.noted(ANN, b"a key", around.now, Pace.USUAL)
    assert around.read_in_turns()


def test_whose_row_has_something_is_read_in_turns_and_who_moved_looks() -> None:
    around = Around()
    around.sweep()
    around.has, around.made = {"access_key_1_exist": "TRUE"}, "t2"
    around.sweep(14_400.0)
    assert around.woken == [OWNER]
    assert around.read_in_turns()


def test_a_report_takes_a_while_and_is_asked_for_until_it_is_there() -> None:
    around = Around()
    around.state = "STARTED"
    around.sweep()
    around.state = "INPROGRESS"
    around.sweep()
    assert around.asked == [GENERATE, GENERATE]
    assert around.read_in_turns()
    around.state = "COMPLETED"
    around.sweep()
    assert not around.read_in_turns()
    assert around.lists.looked()[REPORT] == around.now


def test_without_a_report_all_are_read_in_turns_and_that_is_said() -> None:
    around = Around()
    around.sweep()
    around.denied = True
    around.sweep(14_400.0)
    assert around.lists.problems() == {REPORT: Reason.ACCESS_DENIED}
    assert not around.read_in_turns(), "one failure is no reason to read all"
    for _ in range(49):
        around.sweep()
    assert around.read_in_turns()
    around.denied, around.made = False, "t2"
    around.sweep()
    assert around.lists.problems() == {}
    assert not around.read_in_turns()


def test_a_report_that_is_never_made_anew_is_not_believed_for_ever() -> None:
    around = Around()
    around.sweep()
    around.state = "INPROGRESS"
    around.sweep(28_801.0)
    assert around.read_in_turns()
    assert around.lists.problems() == {REPORT: Reason.CLOUD_UNAVAILABLE}
    around.state, around.made = "COMPLETED", "t2"
    around.sweep()
    assert around.lists.problems() == {}


def test_a_report_is_as_old_as_what_it_shows() -> None:
    """Whoever has one made right before the operator asks would have four hours more."""
    around = Around()
    around.made = times.stamp(NOON - 14_000.0)
    around.sweep()
    assert around.asked == [GENERATE, GET]
    assert not around.read_in_turns()
    around.has, around.made = {"access_key_1_exist": "TRUE"}, times.stamp(NOON + 500.0)
    around.sweep()
    assert around.woken == [OWNER], "the one that was there grew too old"
    around.sweep(14_000.0)
    assert around.asked == [GENERATE, GET] * 2
    around.sweep()
    assert around.asked == [GENERATE, GET] * 3


def test_those_whom_an_old_report_shows_are_not_all_read_in_one_turn() -> None:
    around = Around()
    users = [line(f"u{number}@x") for number in range(600)]
    around.lines = users
    for number in range(600):
        around.turns.noted(f"user/u{number}", CANNOT_SIGN_IN, around.now, Pace.USUAL)
    around.sweep()
    around.state = "INPROGRESS"
    counts = []
    for _ in range(100):
        around.sweep()
        due = around.turns.due(around.now, 300.0, CADENCES)
        for name in due:
            around.turns.read(name, CANNOT_SIGN_IN, around.now)
        counts.append(len(due))
    read = [number for number in counts if number]
    assert sum(read) >= 600
    assert max(read) < 160, "a sixth of them in each turn, and about so many by age"
    assert not around.turns.late(around.now, CADENCES)


def test_a_report_of_a_time_to_come_is_of_now() -> None:
    around = Around()
    around.made = times.stamp(NOON + 10 * 86_400.0)
    around.sweep()
    around.sweep(28_801.0)
    assert around.read_in_turns()


@pytest.mark.parametrize("how", ["switched off", "observed"])
def test_nobody_has_one_made_who_does_not_want_it(how: str) -> None:
    around = Around(**({"report_seconds": 0.0} if how == "switched off" else {}))
    if how == "observed":
        around.session.account.mode = Mode.OBSERVE
    around.sweep()
    assert around.asked == []
    assert around.read_in_turns()


def test_an_account_that_comes_to_be_observed_has_no_report_that_grows_old() -> None:
    around = Around()
    around.sweep()
    around.session.account.mode = Mode.OBSERVE
    around.sweep()
    assert REPORT not in around.lists.looked()
    assert around.read_in_turns()
