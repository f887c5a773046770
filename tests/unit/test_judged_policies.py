"""What is known of the policies of a pass: what gives a right, and what of that is in force."""

from __future__ import annotations

import pytest

from ram_operator import documents
from ram_operator.loop.judged_policies import MISSING, Judged, identity_text
from ram_operator.model.records import NO_RIGHTS
from tests.unit.core import ALLOW_ALL, ALLOW_READ, policy

READ, ALL = policy(ALLOW_READ), policy(ALLOW_ALL)
CODE = policy({"Effect": "Allow", "Action": "fc:UpdateFunction", "Resource": "*"})
TOOLS = "Custom/tools"


def judged(*found: documents.Policy, strict: bool = False) -> Judged:
    known = Judged(strict, ())
    known.add(TOOLS, found)
    return known


@pytest.mark.parametrize(
    ("there", "strict", "waits"),
    [
        ((READ,), False, True),
        ((), False, True),
        ((READ, ALL), False, False),
        ((CODE,), False, True),
        ((CODE,), True, False),
    ],
    ids=["harmless", "not known", "may be either", "a detour", "a detour that waits"],
)
def test_a_right_is_in_force_where_the_cloud_has_it(
    there: tuple[documents.Policy, ...], strict: bool, waits: bool
) -> None:
    known = judged(ALL, strict=strict)
    known.in_force(TOOLS, there)
    assert known.not_in_force == ({TOOLS} if waits else set())


def test_what_was_read_later_is_judged_with_the_rest() -> None:
    """The first reading may be two seconds old, and somebody has widened it since."""
    known = judged(READ)
    assert known.harmless == {TOOLS}
    known.add_more(TOOLS, ALL)
    assert known.harmless == set()
    assert known.reasons.keys() == {TOOLS}
    assert known.judged[TOOLS] == documents.digests((READ, ALL))
    assert known.texts[TOOLS] == identity_text((READ, ALL))
    assert known.moved == {}


def test_so_is_what_was_thought_not_to_be_in_force() -> None:
    known = judged(ALL, READ)
    known.in_force(TOOLS, (READ,))
    assert known.not_in_force == {TOOLS}
    more = policy({"Effect": "Allow", "Action": "ram:*", "Resource": "*"})
    known.add_more(TOOLS, more)
    assert known.not_in_force == set()


def test_the_same_document_once_more_says_nothing_new() -> None:
    known = judged(ALL)
    known.add_more(TOOLS, ALL)
    assert (known.judged[TOOLS], known.moved) == (documents.digests((ALL,)), {})


def test_one_that_matters_only_since_it_moved_is_told_as_such() -> None:
    known = Judged(False, ())
    known.add_more(TOOLS, ALL)
    assert known.moved == {TOOLS: identity_text((ALL,))}
    assert known.texts == {}
    assert identity_text((READ,)) == NO_RIGHTS


def test_one_that_does_not_exist_gives_whatever_it_will_say() -> None:
    known = Judged(False, ())
    known.missing(TOOLS)
    assert (known.reasons[TOOLS], known.harmless) == ((MISSING,), set())
