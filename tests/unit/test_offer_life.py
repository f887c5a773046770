"""The life of offers as a state machine: no digest that was offered once ever counts again.

The oracle is brute force: each digest that is not offered any more is tried against every change in
every step, in every way in which an approval could be honoured.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ram_operator.cluster.record_writer import Start
from ram_operator.gate import approvals, clearance
from ram_operator.gate.inputs import Approval, Guard
from ram_operator.kinds.record import facts_of
from ram_operator.model.changes import Held
from ram_operator.model.records import InFlight, RecordFacts
from tests.unit.approvals_by_example import SAID, SCOPE
from tests.unit.core import ACCOUNT as SETTINGS
from tests.unit.core import ECS, FC, OUTSIDER, trust
from tests.unit.record_world import IDENTITY, Json, Server, claim, served

DAY = 86_400
CHANGES: dict[str, Held] = {
    "widen": clearance.hold_change(trust(FC), trust(FC, ECS), SETTINGS),
    "outsider": clearance.hold_change(trust(FC), trust(FC, OUTSIDER), SETTINGS),
    "narrow": clearance.hold_change(trust(FC, ECS), trust(FC), SETTINGS),
}
NAMES = sorted(CHANGES)


def stamp(day: int) -> str:
    return f"2026-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00Z"


class OfferLife(RuleBasedStateMachine):
    """One record and all that writes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.records = self.stack.enter_context(served(Server()))
        self.records._clock = lambda: 1.0  # type: ignore[method-assign] # the worst: it stands still
        self.day = 0
        self.body: Json = self.records.claim(IDENTITY, claim(), stamp(0), 5)
        self.asked = self.held = "widen"
        self.over: set[str] = set()
        """Digests that were offered and are not any more."""
        self.used: dict[str, str] = {}
        """Approval that a write was begun with → what it was given for."""

    def teardown(self) -> None:
        self.stack.close()

    @property
    def known(self) -> RecordFacts:
        return facts_of(self.body, IDENTITY)

    def said(self, **more: Any) -> Approval:
        asked = {"trustPolicy": self.asked}
        # The clock may stand still or be wrong: it is no help here.
        return replace(SAID, now=stamp(self.day), asked=asked, milliseconds=1, **more)

    def write(self, body: Json) -> None:
        before = self.known.pending
        self.body = body
        after = self.known.pending
        if before is not None and (after is None or after.digest != before.digest):
            self.over.add(before.digest)

    @rule(
        name=st.sampled_from(NAMES),
        edited=st.booleans(),
        approve=st.booleans(),
        honoured=st.booleans(),
    )
    def offer(self, name: str, edited: bool, approve: bool, honoured: bool) -> None:
        """Another edit, or the same one of a cloud that has moved."""
        pending = self.known.pending
        self.held = name
        self.asked = name if edited else self.asked
        said = self.said(approve=pending.digest if approve and pending else "")
        if not honoured:
            said = replace(said, guard=Guard.MISSING)
        wanted = approvals.offer(CHANGES[name], said, self.known)
        if wanted.pending != pending or wanted.sequence != self.known.sequence:
            self.write(self.records.offer(self.body, wanted, said.now))
        assert self.known.pending is not None

    @rule()
    def end(self) -> None:
        self.write(self.records.end(self.body))

    @rule(by=st.sampled_from(["ann", "bob"]))
    def reject(self, by: str) -> None:
        pending = self.known.pending
        if pending is None:
            return
        said = self.said(reject=f"{pending.digest} no", rejecter=by)
        found = approvals.rejection(pending, said)
        assert found is not None
        known = approvals.remembered(self.known.rejections, found)
        self.write(self.records.end(self.body, known))

    @rule(days=st.integers(1, 9))
    def wait(self, days: int) -> None:
        self.day += days

    @rule()
    def approved_and_begun(self) -> None:
        pending = self.known.pending
        if pending is None:
            return
        held = CHANGES[self.held]
        permit = clearance.weigh(held, self.said(approve=pending.digest), self.known)
        if permit is None:
            return
        flight = InFlight("TrustChange", permit.change, permit.digest, "pat", permit.sends)
        self.used[permit.digest] = self.held
        self.write(
            self.records.begin(self.body, Start(replace(flight, digest="d")), stamp(self.day))
        )

    @rule()
    def taken_out(self) -> None:
        """A stranger is taken out of the trust: nobody was asked, and no offer ends."""
        before = self.known.pending
        start = Start(InFlight("TrustTakenBack", digest="d"))
        self.write(self.records.begin(self.body, start, stamp(self.day)))
        assert self.known.pending == before or not self.known.settled or before is None

    @rule(how=st.sampled_from(["complete", "unsent", "spend", "renew", "created"]))
    def ended(self, how: str) -> None:
        writes = {
            "complete": lambda: self.records.complete(self.body, stamp(self.day)),
            "unsent": lambda: self.records.unsent(self.body),
            "spend": lambda: self.records.spend(self.body, approvals.SENDS),
            "renew": lambda: self.records.renew(
                self.body, claim(operation="Managed"), stamp(self.day)
            ),
            "created": lambda: self.records.renew(self.body, claim(), stamp(self.day)),
        }
        if how in ("complete", "unsent", "spend") and self.known.in_flight is None:
            return
        self.write(writes[how]())

    @rule(how=st.sampled_from(["deleted", "disown", "void"]))
    def left(self, how: str) -> None:
        if how == "deleted":
            self.write(self.records.deleted(self.body, stamp(self.day), "Deleted"))
        elif how == "disown":
            self.write(self.records.disown(self.body))
        else:
            self.write(self.records.void(self.body, self.known.sequence + 1))

    @invariant()
    def no_digest_counts_twice(self) -> None:
        known = self.known
        begun = known.in_flight.approval if known.in_flight is not None else ""
        for digest in self.over:
            for name, change in CHANGES.items():
                held = approvals.knowing(change, known.rejections)
                for sequence in (known.sequence, known.sequence + 1):
                    assert approvals.digest(held, SCOPE, sequence) != digest
                permit = clearance.weigh(held, self.said(approve=digest), known)
                if permit is not None:
                    # The one that was begun, for what it was given for, once more.
                    assert (digest, name) == (begun, self.used[digest])
                    assert permit.sends <= approvals.SENDS

    @invariant()
    def what_is_offered_is_new(self) -> None:
        pending = self.known.pending
        assert pending is None or pending.digest not in self.over


TestOfferLife = OfferLife.TestCase
TestOfferLife.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
