"""Right before an approved write the object, its approval and the guard are asked once more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ram_operator import approval, constants
from ram_operator.ballots import Guard
from ram_operator.errors import Retry
from ram_operator.gatedwrite import GatedWrite
from ram_operator.model import Cause, Direction, Key, Step
from ram_operator.ports import Subject
from tests.unit.voting import HELD, approved, offered

FACTS = offered()
PERMIT = approval.weigh(HELD, approved(FACTS), FACTS)
assert PERMIT is not None
APPROVE, REJECT = constants.ANNOTATION_APPROVE, constants.ANNOTATION_REJECT
BY = constants.ANNOTATION_APPROVED_BY
SAYS = {APPROVE: PERMIT.digest, BY: "ann"}
VALUES = {"cleared": approval.clear(PERMIT, "trustPolicy")}
STEP = Step("trust", "", Cause.INTENT, Direction.WIDER, VALUES, "trustPolicy")


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
        guard=SimpleNamespace(state=lambda fresh=False: guard, stamps=True),
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
