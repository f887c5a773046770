"""What is not believed yet of one part of an identity, and what that holds back."""

from __future__ import annotations

from itertools import combinations

from ram_operator.planning import plan
from tests.unit.core import ANN, FC, attachment, inputs, policies, remembered, trust, wanted
from tests.unit.test_plan import actions, differs

A = attachment("System/A")


def test_what_is_not_believed_of_one_part_shields_no_other() -> None:
    asked = wanted({"policies": [A], "description": "asked"})
    more = {"policies": policies("System/A", "System/B", "System/C"), "description": "by hand"}
    found = differs(asked, trustPolicy=trust(FC, ANN), **more)
    here = inputs(asked, found, remembered(asked))
    places = {"trustPolicy", "policies[System/b]", "policies[System/c]", "description"}
    assert plan.drifted(here) == places
    for doubted in (frozenset(some) for n in range(5) for some in combinations(places, n)):
        decision = plan.update(here, doubted)
        assert actions(decision) == dict.fromkeys(places - doubted, "corrected")
        written = {name for step in decision.steps for name in step.settles}
        assert written == places - doubted
        assert decision.unread == doubted
        assert decision.incomplete == bool(doubted)


def test_a_call_says_what_it_carries_along_as_it_was_seen() -> None:
    """For a while after it that may be shown as it was before, too."""
    before = wanted({"policies": [A], "description": "d"})
    found = differs(before, trustPolicy=trust(FC, ANN), maxSessionDurationSeconds=7200)
    asked = wanted({"description": "e"})
    steps = plan.update(inputs(asked, found, remembered(before))).steps
    told = {step.verb: (step.settles, step.carried) for step in steps}
    both = frozenset({"description", "maxSessionDurationSeconds"})
    trusts, attributes = told["trust"], told["attributes"]
    assert "trustPolicy" in trusts[0]
    assert trusts[0] | trusts[1] == {"trustPolicy", *both}
    assert attributes[0] | attributes[1] == both
    for settles, carried in told.values():
        assert not settles & carried
    assert told["detach"] == (frozenset({"policies[System/a]"}), frozenset())
