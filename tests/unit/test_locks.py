"""Locks by name, against a model: who holds what, who waits for whom, and nothing left behind."""

from __future__ import annotations

import threading
import time

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from ram_operator.cloud.locks import Claim, LockTable, Mode, Turn
from tests.unit.profiles import examples

NAMES = st.dictionaries(
    st.sampled_from(["policy/a", "policy/b", "role/r", "group/g"]), st.sampled_from(Mode)
)


def clash(one: Claim, other: Claim) -> bool:
    """Whether both cannot be held at once."""
    shared = one.names.keys() & other.names.keys()
    return any(Mode.EXCLUSIVE in (one.names[name], other.names[name]) for name in shared)


class Locks(RuleBasedStateMachine):
    """Claims come and go in any order; those that wait do so in threads of nobody."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.table = LockTable()
        self.entered: list[Claim] = []

    @rule(target=claims, names=NAMES, turn=st.sampled_from(Turn))
    def enters(self, names: dict[str, Mode], turn: Turn) -> Claim:
        claim = self.table.claim(names, turn)
        self.table.enter(claim)
        self.entered.append(claim)
        return claim

    @rule(claim=claims)
    def enters_again(self, claim: Claim) -> None:
        self.table.enter(claim)

    @rule(claim=consumes(claims))
    def leaves(self, claim: Claim) -> None:
        for _ in range(2):
            claim.release()
        self.entered.remove(claim)
        assert not claim.take(0.0), "a claim is good for one hold"

    @property
    def holders(self) -> list[Claim]:
        return [claim for claim in self.entered if claim.granted]

    @property
    def waiting(self) -> list[Claim]:
        found = [claim for claim in self.entered if not claim.granted]
        return sorted(found, key=lambda claim: claim.place)

    @invariant()
    def nobody_holds_what_another_has_to_himself(self) -> None:
        holders = self.holders
        pairs = [(a, b) for n, a in enumerate(holders) for b in holders[n + 1 :]]
        assert not any(clash(a, b) for a, b in pairs)

    @invariant()
    def who_waits_does_so_for_a_holder_or_for_who_is_in_front(self) -> None:
        waiting = self.waiting
        for place, claim in enumerate(waiting):
            assert any(clash(claim, other) for other in [*self.holders, *waiting[:place]])

    @invariant()
    def the_first_waits_for_holders_alone(self) -> None:
        """So somebody always comes next, and nobody waits in a ring."""
        if self.waiting:
            assert any(clash(self.waiting[0], other) for other in self.holders)

    def teardown(self) -> None:
        for claim in list(self.entered):
            claim.release()
        assert self.table.idle


TestLocks = Locks.TestCase
TestLocks.settings = examples(80)


def held(table: LockTable, mode: Mode, turn: Turn = Turn.OTHER) -> Claim:
    claim = table.claim({"policy/a": mode}, turn)
    table.enter(claim)
    return claim


def test_sharers_are_many_and_an_owner_is_alone() -> None:
    table = LockTable()
    first, second = held(table, Mode.SHARED), held(table, Mode.SHARED)
    owner = held(table, Mode.EXCLUSIVE)
    assert (first.granted, second.granted, owner.granted) == (True, True, False)
    first.release()
    assert not owner.granted
    second.release()
    assert owner.granted


def test_a_stream_of_sharers_does_not_keep_an_owner_waiting() -> None:
    table = LockTable()
    first, owner = held(table, Mode.SHARED), held(table, Mode.EXCLUSIVE)
    late = held(table, Mode.SHARED)
    assert not late.granted
    first.release()
    assert (owner.granted, late.granted) == (True, False)
    owner.release()
    assert late.granted


def test_what_takes_away_goes_first() -> None:
    table = LockTable()
    owner = held(table, Mode.EXCLUSIVE)
    widening, narrowing = held(table, Mode.EXCLUSIVE), held(table, Mode.EXCLUSIVE, Turn.NARROWING)
    owner.release()
    assert (widening.granted, narrowing.granted) == (False, True)


def test_all_names_are_had_at_once_or_none() -> None:
    """Who waits for two names keeps the free one from nobody who can use it up to then."""
    table = LockTable()
    owner = held(table, Mode.EXCLUSIVE)
    both = table.claim({"policy/a": Mode.SHARED, "role/r": Mode.SHARED})
    table.enter(both)
    other = table.claim({"role/r": Mode.SHARED})
    assert other.take(0.0)
    assert not both.granted
    owner.release()
    assert both.granted


def test_who_waits_too_long_leaves_the_line() -> None:
    table = LockTable()
    owner = held(table, Mode.EXCLUSIVE)
    late = table.claim({"policy/a": Mode.EXCLUSIVE})
    assert not late.take(0.01)
    owner.release()
    assert table.idle


def test_a_claim_that_was_given_up_before_it_began_gets_nothing() -> None:
    table = LockTable()
    claim = table.claim({"policy/a": Mode.EXCLUSIVE})
    claim.release()
    assert not claim.take(0.0)
    assert table.idle


def test_who_gives_up_for_a_thread_that_waits_wakes_nobody_else() -> None:
    """The job waits for its lock when its caller gives up: the thread ends and holds nothing."""
    table = LockTable()
    owner = held(table, Mode.EXCLUSIVE)
    late = table.claim({"policy/a": Mode.EXCLUSIVE})
    got: list[bool] = []
    thread = threading.Thread(target=lambda: got.append(late.take(0.3)))
    thread.start()
    while late not in table._waiting:
        time.sleep(0.001)
    late.release()
    owner.release()
    thread.join(5.0)
    assert got == [False]
    assert table.idle


def test_threads_in_any_order_never_meet_and_all_get_through() -> None:
    table, meetings, done = LockTable(), [], []
    inside: dict[str, int] = {}

    def work(number: int) -> None:
        names = {f"n{number % 3}": Mode.EXCLUSIVE, f"n{(number + 1) % 3}": Mode.SHARED}
        for _ in range(20):
            claim = table.claim(names, Turn(number % 2))
            assert claim.take(30.0)
            own = f"n{number % 3}"
            inside[own] = inside.get(own, 0) + 1
            meetings.append(inside[own])
            inside[own] -= 1
            claim.release()
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert sorted(done) == list(range(8))
    assert set(meetings) == {1}
    assert table.idle
