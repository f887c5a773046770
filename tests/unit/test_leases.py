"""Leader election on a table instead of an API server, with clocks that stand still.

The promise: at no moment may two candidates write, whatever their clocks say, whatever requests
are lost on the way there or back, and however long a process is stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cluster.api import Conflicted
from ram_operator.cluster.leases import Election, Lease, Move, Terms
from ram_operator.config import Settings, SettingsError, load
from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.runtime.leadership import Hooks, Leadership, Time, elapsed
from tests.unit.fake_clock import FakeClock

TERMS = Terms(duration=30.0, deadline=10.0, retry=2.0)


@dataclass
class Table:
    """A Lease with compare-and-swap. `fault` is what happens to the next request."""

    lease: Lease | None = None
    version: int = 0
    fault: str = ""
    """"": none; `before`: lost on the way there; `after`: it took effect, the answer is lost."""
    requests: list[str] = field(default_factory=list)

    def read(self, timeout: float) -> Lease | None:
        self._meet("read", "before")
        found = self.lease
        self._meet("read", "after")
        return found

    def write(self, lease: Lease, timeout: float) -> Lease:
        self._meet("write", "before")
        if lease.version != (self.lease.version if self.lease else ""):
            raise Conflicted(Reason.RETRYING, "the lease moved")
        self.version += 1
        self.lease = replace(lease, version=str(self.version))
        self._meet("write", "after")
        return self.lease

    def _meet(self, request: str, when: str) -> None:
        if when == "before":
            self.requests.append(request)
        if self.fault == when:
            self.fault = ""
            raise Retry(Reason.RETRYING, "the API server did not answer")


@dataclass
class Lost:
    """Whether a candidate was told to end."""

    times: int = 0

    def __call__(self) -> None:
        self.times += 1


def candidate(table: Table, clock: FakeClock, name: str = "a", terms: Terms = TERMS) -> Leadership:
    stamps: Iterator[str] = (f"{name}-{number}" for number in range(10**9))
    return Leadership(table, Election(name, terms), Time(clock, lambda: next(stamps)))


def test_the_first_one_leads_at_once() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock)
    assert not leader.leads
    with pytest.raises(Retry):
        leader.check()
    assert leader.step() is Move.TAKE
    assert leader.leads
    leader.check()
    assert table.lease == Lease("a", 30, "a-0", "a-0", 0, "1")


def test_a_leader_renews_without_reading_and_keeps_the_time_it_began() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock)
    leader.step()
    table.requests.clear()
    clock.advance(2)
    assert leader.step() is Move.TAKE
    assert table.requests == ["write"]
    assert table.lease is not None
    assert (table.lease.acquired, table.lease.renewed) == ("a-0", "a-1")


def test_a_leader_that_cannot_renew_stops_writing_and_then_ends() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock)
    leader.step()
    clock.advance(9.9)
    table.fault = "before"
    assert leader.step() is Move.WAIT
    leader.check()
    clock.advance(0.1)
    with pytest.raises(Retry, match="does not lead"):
        leader.check()
    assert leader.step() is Move.LOST
    assert table.requests[-1] == "write", "no request is sent for a lease that is over"


def test_the_deadline_counts_from_before_the_request_was_sent() -> None:
    clock = FakeClock()

    class Slow(Table):
        def write(self, lease: Lease, timeout: float) -> Lease:
            written = super().write(lease, timeout)
            clock.advance(6)
            return written

    leader = candidate(Slow(), clock)
    leader.step()
    clock.advance(3.9)
    leader.check()
    clock.advance(0.1)
    assert not leader.leads


def test_a_standby_takes_over_when_it_saw_no_renewal_for_the_whole_duration() -> None:
    table, clock = Table(), FakeClock()
    first, second = candidate(table, clock), candidate(table, clock, "b")
    first.step()
    clock.advance(9)
    assert second.step() is Move.WAIT
    clock.advance(29.9)
    assert second.step() is Move.WAIT, "its time began when it looked, not at the stamp"
    clock.advance(0.1)
    assert second.step() is Move.TAKE
    assert second.leads
    assert not first.leads
    assert table.lease is not None
    assert (table.lease.holder, table.lease.transitions) == ("b", 1)
    assert first.step() is Move.LOST


def test_each_renewal_begins_the_wait_anew() -> None:
    table, clock = Table(), FakeClock()
    first, second = candidate(table, clock), candidate(table, clock, "b")
    first.step()
    for _ in range(50):
        clock.advance(2)
        assert first.step() is Move.TAKE
        assert second.step() is Move.WAIT


def test_the_longer_of_two_durations_counts() -> None:
    table, clock = Table(), FakeClock()
    candidate(table, clock, terms=Terms(60.0, 40.0, 2.0)).step()
    second = candidate(table, clock, "b")
    second.step()
    clock.advance(59)
    assert second.step() is Move.WAIT
    clock.advance(1)
    assert second.step() is Move.TAKE


def test_a_released_lease_is_taken_at_once() -> None:
    table, clock = Table(), FakeClock()
    first, second = candidate(table, clock), candidate(table, clock, "b")
    first.step()
    second.step()
    first.release()
    assert not first.leads, "nothing is written after the release, not even before it is sent"
    assert table.lease is not None
    assert table.lease.holder == ""
    assert second.step() is Move.TAKE


def test_what_was_never_held_or_is_over_is_not_released() -> None:
    table, clock = Table(), FakeClock()
    first, second = candidate(table, clock), candidate(table, clock, "b")
    first.step()
    second.step()
    before = table.lease
    second.release()
    assert table.lease == before
    clock.advance(10)
    first.release()
    assert table.lease == before


def test_a_release_that_fails_leaves_the_lease_to_end_by_itself() -> None:
    table, clock = Table(), FakeClock()
    first = candidate(table, clock)
    first.step()
    table.fault = "before"
    first.release()
    assert not first.leads
    assert table.lease is not None
    assert table.lease.holder == "a"


def test_a_renewal_whose_answer_was_lost_is_recognised() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock)
    leader.step()
    table.fault = "after"
    clock.advance(2)
    assert leader.step() is Move.WAIT
    clock.advance(2)
    assert leader.step() is Move.TAKE
    clock.advance(9)
    leader.check()


def test_a_lease_in_another_name_ends_a_leader_at_once() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock)
    leader.step()
    assert table.lease is not None
    table.lease = replace(table.lease, holder="b", version="99")
    clock.advance(1)
    assert leader.step() is Move.LOST


def test_a_deleted_lease_is_made_again_by_its_holder() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock)
    leader.step()
    table.lease = None
    clock.advance(2)
    assert leader.step() is Move.TAKE
    assert table.lease is not None


def test_a_deleted_lease_is_not_made_by_others_before_it_would_have_ended() -> None:
    table, clock = Table(), FakeClock()
    first, second = candidate(table, clock), candidate(table, clock, "b")
    first.step()
    second.step()
    table.lease = None
    clock.advance(29)
    assert second.step() is Move.WAIT
    clock.advance(1)
    assert second.step() is Move.TAKE


def test_run_begins_once_and_says_when_it_is_over() -> None:
    table, clock = Table(), FakeClock()
    leader = candidate(table, clock, terms=Terms(30.0, 10.0, 0.0))
    begun = Lost()
    lost = Lost()

    def began() -> None:
        begun()
        clock.advance(11)

    leader.run(Hooks(began, lost))
    assert (begun.times, lost.times) == (1, 1)


def test_run_ends_without_a_word_when_stopped() -> None:
    table, clock, lost = Table(), FakeClock(), Lost()
    leader = candidate(table, clock, terms=Terms(30.0, 10.0, 0.0))
    leader.run(Hooks(leader.stop, lost))
    assert lost.times == 0
    assert leader.leads


def test_the_clock_goes_on() -> None:
    first = elapsed()
    assert elapsed() >= first


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),  # who acts
        st.sampled_from(["", "", "", "before", "after"]),  # what happens to its request
        st.floats(0.1, 12.0),  # seconds that pass after it, for all of them
        st.booleans(),  # whether the lease is deleted by hand, if nobody leads
    ),
    max_size=60,
)


@given(EVENTS, st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_never_two_at_once(
    events: list[tuple[int, str, float, bool]], offsets: list[float]
) -> None:
    table = Table()
    clocks = [FakeClock(offset) for offset in offsets]
    processes = [candidate(table, clock, name) for clock, name in zip(clocks, "abc", strict=True)]
    starts = 3
    for who, fault, seconds, delete in events:
        table.fault = fault
        if delete and not any(process.leads for process in processes):
            table.lease = None
        if processes[who].step() is Move.LOST:
            # It ends, and a new one is started in its place.
            starts += 1
            processes[who] = candidate(table, clocks[who], f"new-{starts}")
        for _ in range(2):
            assert sum(process.leads for process in processes) <= 1
            for clock in clocks:
                clock.advance(seconds / 2)
    assert sum(process.leads for process in processes) <= 1


@given(EVENTS)
def test_somebody_leads_in_the_end(events: list[tuple[int, str, float, bool]]) -> None:
    table, clock = Table(), FakeClock()
    processes = [candidate(table, clock, name) for name in "abc"]
    for who, fault, seconds, _ in events:
        table.fault = fault
        if processes[who].step() is Move.LOST:
            processes[who] = candidate(table, clock, f"{who}-{clock.now}")
        clock.advance(seconds)
    table.fault = ""
    for _ in range(40):
        for number, process in enumerate(processes):
            if process.step() is Move.LOST:
                processes[number] = candidate(table, clock, f"{number}-{clock.now}")
        clock.advance(2)
    assert sum(process.leads for process in processes) == 1


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["--retry-period=10"], "--retry-period"),
        (["--renew-deadline=15"], "--lease-duration-seconds"),
        (["--read-timeout=15"], "--lease-duration-seconds"),
        (["--lease-duration-seconds=25"], "--lease-duration-seconds"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(arguments: list[str], flag: str) -> None:
    with pytest.raises(SettingsError, match=f"^{flag}: "):
        load([*arguments, "--cluster-name=blue"], {})
    calm = ["--leader-election=false", "--cluster-name=blue"]
    assert load([*arguments, *calm], {}).leader_election is False


def test_a_call_sent_at_the_last_moment_is_over_before_another_leads() -> None:
    settings = Settings()
    spare = settings.lease_duration_seconds - settings.renew_deadline
    assert settings.connect_timeout + settings.read_timeout < spare
