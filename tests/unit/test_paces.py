"""How often it is read what no list shows, by what an identity may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.kinds.table import KINDS
from ram_operator.loop.noted_looks import _pace
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.records import NO_RIGHTS, Agreed, denying
from ram_operator.runtime.rotation import Pace
from tests.unit.core import made, wanted

READS: Final = "System/aliyunossreadonlyaccess"
TOOLS: Final = "Custom/tools"
RIGHTS: Final = '{"Version":"1"}'


def pace(kind: str, has: Any, agreed: Mapping[str, str], gives: bool = False) -> Pace:
    there = made(wanted({}))
    part = {key: Entry(key) for key in has} if isinstance(has, tuple) else has
    live = replace(there, fields={**there.fields, "policies": part})
    return _pace(KINDS[kind], live, Agreed({"policies": agreed}), gives=gives)


@pytest.mark.parametrize("kind", ["RamRole", "RamGroup"])
def test_what_only_reads_is_harmless(kind: str) -> None:
    assert pace(kind, (), {}) is Pace.HARMLESS
    assert pace(kind, (READS,), {}) is Pace.HARMLESS


def test_a_document_that_others_may_widen_makes_a_role_a_usual_one() -> None:
    """A group is told of it by its list of attachments; who may be a role by its trust alone."""
    assert pace("RamGroup", (READS, TOOLS), {TOOLS: NO_RIGHTS}) is Pace.HARMLESS
    assert pace("RamRole", (READS, TOOLS), {TOOLS: NO_RIGHTS}) is Pace.USUAL


def test_whoever_leaves_a_group_that_denies_has_more() -> None:
    there = made(wanted({}))
    live = replace(there, fields={**there.fields, "policies": {TOOLS: Entry(TOOLS)}})
    says = Agreed({"policies": {TOOLS: NO_RIGHTS}, denying("policies"): {TOOLS: RIGHTS}})
    assert _pace(KINDS["RamGroup"], live, says, gives=False) is Pace.USUAL


@pytest.mark.parametrize("kind", ["RamRole", "RamGroup", "RamUser"])
def test_what_is_not_known_is_usual(kind: str) -> None:
    assert pace(kind, (TOOLS,), {}) is Pace.USUAL
    assert pace(kind, UnknownPart(OSError()), {}) is Pace.USUAL


@pytest.mark.parametrize("kind", ["RamRole", "RamGroup", "RamUser"])
def test_a_right_is_dangerous_in_a_steady_state_too(kind: str) -> None:
    """Then nothing is read of the policies, and the record alone knows what they let do."""
    assert pace(kind, (TOOLS,), {TOOLS: RIGHTS}) is Pace.DANGEROUS
    assert pace(kind, (READS,), {}, gives=True) is Pace.DANGEROUS
