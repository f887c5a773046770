"""Right before an approved write the object, its approval and the guard are asked once more."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator import constants
from ram_operator.config import Settings
from ram_operator.constants import Mode
from ram_operator.errors import Retry
from ram_operator.gate import clearance
from ram_operator.gate.inputs import Guard
from ram_operator.kinds.record import Identity
from ram_operator.loop.gated_write import GatedWrite
from ram_operator.loop.ports import Ports
from ram_operator.loop.subject import Subject
from ram_operator.model.basis import Basis
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry, Key
from ram_operator.model.steps import Attach, Detach, Step, WriteTrust
from ram_operator.model.vocabulary import Cause, Direction
from ram_operator.runtime import crowds
from tests.unit.approvals_by_example import HELD, approved, offered
from tests.unit.core import ACCOUNT, FC, trust
from tests.unit.judged_world import READ, Cloud
from tests.unit.steps_by_example import of_entries
from tests.unit.test_reconcile_edits import ports

Json = dict[str, Any]
FACTS = offered()
PERMIT = clearance.weigh(HELD, approved(FACTS), FACTS)
assert PERMIT is not None
MANAGED = replace(ACCOUNT, mode=Mode.MANAGE, suspend=False)
APPROVE, REJECT = constants.ANNOTATION_APPROVE, constants.ANNOTATION_REJECT
BY = constants.ANNOTATION_APPROVED_BY
SAYS = {APPROVE: PERMIT.digest, BY: "ann"}
STEP = WriteTrust(
    summary="",
    cause=Cause.INTENT,
    direction=Direction.WIDER,
    field="trustPolicy",
    cleared=clearance.clear(PERMIT, "trustPolicy"),
    attributes={},
)


def body(annotations: dict[str, str], **spec: Any) -> dict[str, Any]:
    meta = {"uid": "u", "generation": 2, "annotations": annotations}
    return {"metadata": meta, "spec": spec}


class Reached(Exception):
    """All questions were answered well: the record would be read now."""


def write(fresh: Any, guard: Guard = Guard.INTACT) -> None:
    def read(_: Any) -> None:
        raise Reached

    ports: Any = SimpleNamespace(
        fresh=lambda _: fresh,
        # What was asked before knows nothing of what has become of it since.
        guard=SimpleNamespace(
            state=lambda key, fresh=False: guard if fresh else Guard.INTACT, stamps=True
        ),
        records=SimpleNamespace(read=read),
    )
    subject = Subject.of(Key("RamRole", "team", "app"), body(SAYS))
    unused: Any = None
    GatedWrite(ports, subject, unused, unused).run(STEP)


def test_what_is_still_as_it_was_judged_goes_on_to_the_record() -> None:
    with pytest.raises(Reached):
        write(body(SAYS))


@pytest.mark.parametrize(
    ("fresh", "guard", "words"),
    [
        (None, Guard.INTACT, "object moved"),
        (body(SAYS, suspend=True), Guard.INTACT, "object moved"),
        (body({}), Guard.INTACT, "taken back"),
        (body({**SAYS, APPROVE: "sha256:" + "0" * 64}), Guard.INTACT, "taken back"),
        (body({**SAYS, REJECT: PERMIT.digest}), Guard.INTACT, "was rejected"),
        (body(SAYS), Guard.MISSING, "guard of approvals"),
        (body({APPROVE: PERMIT.digest}), Guard.INTACT, "guard of approvals"),
    ],
)
def test_what_moved_since_is_not_sent(fresh: Any, guard: Guard, words: str) -> None:
    with pytest.raises(Retry, match=words):
        write(fresh, guard)


JUDGED = {"Custom/p": frozenset({READ.digest})}
GRANT = Change("policies", None, Entry("Custom/p"), Direction.WIDER, "Custom/p")
AGREED = Held("EscalatingGrant", "s", changes=(GRANT,))
GRANTED = clearance.weigh(AGREED, approved(offered(AGREED)), offered(AGREED))
assert GRANTED is not None


def a_step(direction: Direction, **more: Any) -> Step:
    kind = Detach if direction is Direction.NARROWER else Attach
    rests = Basis(JUDGED, trusts=frozenset({trust(FC).digest}))
    return of_entries(kind, "policies", "Custom/p", direction=direction, rests=rests, **more)


ROLE = Key("RamRole", "team", "app")
IDENTITY = Identity("1000000000000001", "RamRole", "app")


def recorded(approval: str) -> Any:
    """The record, in which a write was begun that rests on `approval`; on none where it is ""."""
    names = {"accountId": IDENTITY.account_id, "kind": IDENTITY.kind, "name": IDENTITY.folded}
    flight = {"inFlight": {"approval": approval}} if approval else {}
    return {"metadata": {"uid": "r"}, "record": {**names, **flight}}


BEGUN = recorded(GRANTED.digest)


def sent_after(
    step: Step, meanwhile: Any, account: Any = MANAGED, record: Any = BEGUN
) -> list[str]:
    """What goes out when the watches tell of `meanwhile`, and of `record`, while the step waits."""
    ports: Any = SimpleNamespace(
        cache=SimpleNamespace(get=lambda key: record if key == IDENTITY.key else meanwhile),
        accounts=SimpleNamespace(find=lambda _: account and SimpleNamespace(account=account)),
        settings=Settings(sweep_seconds=0.0),
    )
    return sent(step, ports)


def sent(step: Step, ports: Any) -> list[str]:
    cloud = Cloud()
    cloud.trust = trust(FC).to_json()
    subject = Subject.of(ROLE, body(SAYS))
    session: Any = SimpleNamespace(writer=cloud.writer, account=MANAGED)
    gate = GatedWrite(ports, subject, IDENTITY, session)
    with contextlib.suppress(Retry):
        gate._send(step)
    assert cloud.kept.locks.idle
    return cloud.actions()


EDITED = body(SAYS)
EDITED["metadata"]["generation"] = 3
WIDER, NARROWER = a_step(Direction.WIDER), a_step(Direction.NARROWER)
APPROVED = a_step(Direction.WIDER, permit=GRANTED)
SAYS_SO = body({APPROVE: GRANTED.digest})


@pytest.mark.parametrize(
    ("step", "meanwhile", "goes"),
    [
        (WIDER, body(SAYS), True),
        (WIDER, EDITED, False),
        (WIDER, body(SAYS, suspend=True), False),
        (WIDER, None, False),
        (NARROWER, EDITED, True),
        (NARROWER, None, True),
        (NARROWER, body(SAYS, suspend=True), False),
        (APPROVED, SAYS_SO, True),
        (APPROVED, body({}), False),
        (APPROVED, body({APPROVE: GRANTED.digest, REJECT: GRANTED.digest}), False),
    ],
)
def test_what_is_said_while_it_waits_for_its_turn_counts(
    step: Step, meanwhile: Any, goes: bool
) -> None:
    assert bool(sent_after(step, meanwhile)) is goes


@pytest.mark.parametrize(
    "account", [None, replace(MANAGED, mode=Mode.OBSERVE), replace(MANAGED, suspend=True)]
)
@pytest.mark.parametrize("step", [WIDER, NARROWER, APPROVED])
def test_an_account_that_stops_writing_stops_what_waits(account: Any, step: Step) -> None:
    assert sent_after(step, SAYS_SO, account) == []


@pytest.mark.parametrize("record", [None, recorded(""), recorded("sha256:" + "0" * 64)])
def test_what_was_voided_while_it_waits_is_not_sent(record: Any) -> None:
    """Of what rests on no approval the record says nothing."""
    assert sent_after(APPROVED, SAYS_SO, record=record) == []
    assert sent_after(WIDER, SAYS_SO, record=record)


def stored(item: Json, key: Key, version: int = 7) -> Json:
    names = {"name": key.name, "namespace": key.namespace, "resourceVersion": str(version)}
    return {**item, "kind": key.kind, "metadata": {**item["metadata"], **names}}


def crowded(monkeypatch: pytest.MonkeyPatch, item: Json) -> Ports:
    """A tenant's object that was told of and is not kept."""
    monkeypatch.setattr(crowds, "OF_ALL", 0)
    api: Any = SimpleNamespace(get=lambda key: stored(item, key))
    around = ports(api)
    around.cache.put(stored(item, ROLE))
    around.cache.put(stored(BEGUN, IDENTITY.key))
    assert around.cache.crowded(ROLE)
    accounts: Any = SimpleNamespace(find=lambda _: SimpleNamespace(account=MANAGED))
    return replace(around, accounts=accounts, settings=Settings(sweep_seconds=0.0))


@pytest.mark.parametrize(
    ("step", "meanwhile", "goes"),
    [
        (WIDER, None, True),
        (WIDER, EDITED, False),
        (NARROWER, body(SAYS, suspend=True), False),
        (APPROVED, SAYS_SO, True),
        (APPROVED, body({}), False),
    ],
)
def test_in_a_pass_over_what_is_crowded_it_is_known_what_is_said_meanwhile(
    monkeypatch: pytest.MonkeyPatch, step: Step, meanwhile: Any, goes: bool
) -> None:
    """Else it would seem edited for ever, and nothing of it be made."""
    around = crowded(monkeypatch, body(SAYS))
    assert around.body(ROLE) is not None
    if meanwhile is not None:
        around.cache.put(stored(meanwhile, ROLE, 8))
    assert bool(sent(step, around)) is goes


def test_what_is_crowded_counts_as_a_holder_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a policy could come to say more than a role may have that was made a moment ago."""
    named = {"policies": [{"type": "RamPolicy", "name": "p"}, {"type": "Custom", "name": "Q"}]}
    around = crowded(monkeypatch, body(SAYS, **named))
    cache, policy = around.cache, Key("RamPolicy", "team", "p")
    assert cache.attaching(policy, "default", "p") == []
    around.body(ROLE)
    assert cache.attaching(policy, "default", "p") == cache.attaching(policy, "default", "q")
    assert cache.attaching(policy, "default", "p") == [ROLE]
    # Of what was not made after all there is no more than there was.
    cache.unpin(ROLE)
    assert cache.crowded(ROLE)
    assert cache.attaching(policy, "default", "p") == []
    # What was made is kept by its record.
    around.body(ROLE)
    owner = {"cluster": "blue", "namespace": ROLE.namespace, "name": ROLE.name, "uid": "u"}
    made = {"metadata": BEGUN["metadata"], "record": {**BEGUN["record"], "owner": owner}}
    cache.put(stored(made, IDENTITY.key, 8))
    cache.unpin(ROLE)
    assert cache.attaching(policy, "default", "p") == [ROLE]
