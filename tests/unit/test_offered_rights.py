"""What the policies of an offer let do is part of it; what else they say is not."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from ram_operator.gate import approvals
from ram_operator.gate.inputs import Inputs
from ram_operator.model.state import Applied
from tests.unit.approvals_by_example import SCOPE
from tests.unit.test_offered_members import ADMIN, group, held, people

KEY = ADMIN.lower().replace("system", "System")


def letting(found: Inputs, *digests: str) -> Inputs:
    lets = MappingProxyType({KEY: digests, "Custom/beside": ("sha256:9",)})
    return replace(found, memory=replace(found.memory, lets=lets))


def attaches() -> Inputs:
    return group({})


def joins() -> Inputs:
    """Bob is to come into a group that has the rights."""
    found = group(people("ann"), ("ann", "bob"))
    fields = {**found.live.fields, "policies": found.desired.fields["policies"]}
    attached = frozenset({KEY})
    applied = Applied(known=True, entries={"members": frozenset({"ann"})})
    return replace(
        found,
        live=replace(found.live, fields=fields),
        memory=replace(found.memory, attached=attached, applied=applied),
    )


@pytest.mark.parametrize("scene", [attaches, joins])
def test_another_right_behind_the_name_makes_another_digest(scene: object) -> None:
    assert callable(scene)
    before = approvals.digest(held(letting(scene(), "sha256:1")), SCOPE, 7)
    assert approvals.digest(held(letting(scene(), "sha256:1")), SCOPE, 7) == before
    assert approvals.digest(held(letting(scene(), "sha256:2")), SCOPE, 7) != before
    assert approvals.digest(held(letting(scene(), "sha256:1", "sha256:2")), SCOPE, 7) != before


def test_it_is_named_as_what_has_moved() -> None:
    one, two = (approvals.parts(held(letting(attaches(), d)), SCOPE) for d in ("1", "2"))
    assert {name for name in one if one[name] != two[name]} == {"what its policies let do"}


def test_policies_that_nobody_spoke_of_do_not_count() -> None:
    assert held(letting(attaches(), "1")).context[approvals.GRANTS].keys() == {KEY}
    assert held(letting(joins(), "1")).context[approvals.GRANTS].keys() == {KEY, "Custom/beside"}
