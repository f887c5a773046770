"""Who is behind the name of an identity provider: noted with the trust, and another one waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ram_operator.constants import Reason, Severity
from ram_operator.errors import Retry, Stalled
from ram_operator.gate import clearance, providers
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds.table import KINDS
from ram_operator.model import provider_states
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import InFlight, RecordFacts
from ram_operator.model.state import Applied, Live
from ram_operator.model.steps import Note, permit_of
from ram_operator.model.vocabulary import HeldKind, Presence
from ram_operator.planning import plan
from tests.unit.approvals_by_example import SAID, SCOPE, approved, offered
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    FC,
    OPTIONS,
    OTHER_ID,
    OWNER,
    ROLE,
    attachment,
    live,
    made,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)

GIT, IDP = "oidc-provider/Git", "saml-provider/idp"
OIDC = ("Federated", f"acs:ram::{ACCOUNT_ID}:oidc-provider/Git")
SAML = ("Federated", f"acs:ram::{ACCOUNT_ID}:{IDP}")
BOUND = {"StringEquals": {"oidc:sub": "repo:app", "oidc:aud": "ci", "oidc:iss": "https://git"}}
ISSUER = "https://git.example"
ONE = provider_states.oidc(ISSUER, ["ci"], ["aa"])
TWO = provider_states.oidc(ISSUER, ["ci"], ["bb"])
DENIED = UnknownPart(Stalled(Reason.ACCESS_DENIED, "may not call ims:GetOIDCProvider"))
Sight = Mapping[str, Entry | UnknownPart]

TRUSTED = wanted({"trustPolicy": trust_json(OIDC, condition=BOUND)})
MORE = wanted({"trustPolicy": trust_json(OIDC, FC, condition=BOUND)})


def sees(state: str = ONE) -> Sight:
    return {GIT: Entry("oidc-provider/Git", state)}


def memory(**agreed: str) -> Memory:
    before = remembered(TRUSTED)
    facts = replace(before.record, providers=agreed, sequence=7, settled=True)
    return replace(before, record=facts)


AGREED = memory(**{GIT: ONE})


def inputs(asked: Any, found: Live, known: Memory, sight: Sight) -> Inputs:
    return Inputs(ROLE, ACCOUNT, asked, found, known, replace(SAID, scope=SCOPE), providers=sight)


def decide(sight: Sight, known: Memory = AGREED, asked: Any = TRUSTED) -> Plan:
    return plan.update(inputs(asked, made(TRUSTED), known, sight))


def after_approval(sight: Sight, asked: Any = TRUSTED, then: Sight | None = None) -> Plan:
    """What is decided once the offer is approved; by then the cloud may show something else."""
    first = inputs(asked, made(TRUSTED), AGREED, sight)
    held = plan.update(first).held
    assert held is not None
    facts = offered(held, AGREED.record)
    said = replace(approved(facts), scope=SCOPE)
    again = replace(first, memory=replace(AGREED, record=facts), approval=said)
    return plan.update(replace(again, providers=then or sight))


def test_which_providers_a_trust_names() -> None:
    others = (
        ("Federated", f"acs:ram::{OTHER_ID}:{IDP}"),
        ("Federated", "acs:ram::*:saml-provider/*"),
    )
    found = provider_states.named(trust(OIDC, SAML, FC, *others), ACCOUNT_ID)
    assert found == (GIT, IDP)
    assert provider_states.named(None, ACCOUNT_ID) == ()
    broken = trust(SAML)
    broken = replace(broken, grants=(*broken.grants, replace(broken.grants[0], principal=None)))
    assert provider_states.named(broken, ACCOUNT_ID) == (IDP,)


def test_kinds_without_a_trust_have_no_providers() -> None:
    policy = Inputs(KINDS["RamPolicy"], ACCOUNT, wanted_policy(), Live(Presence.PRESENT), AGREED)
    assert providers.moved(policy) == []
    assert providers.notes(policy) == []
    assert providers.context(policy) == {}


def test_a_provider_as_agreed_changes_nothing() -> None:
    decision = decide(sees())
    assert (decision.in_sync, decision.steps, decision.held, decision.drift) == (True, (), None, ())


def test_a_swapped_certificate_is_critical_drift_and_waits() -> None:
    decision = decide(sees(TWO))
    assert not decision.in_sync
    assert decision.steps == ()
    held = decision.held
    assert held is not None
    assert (held.kind, held.verdict) == (HeldKind.PROVIDER_CHANGE, "mixed")
    assert held.gains == ("oidc-provider/Git accepts the certificate bb now",)
    assert held.losses == ("oidc-provider/Git no longer accepts the certificate aa",)
    assert {finding.id for finding in held.findings} == {"RAM020"}
    (entry,) = decision.drift
    assert (entry.field, entry.severity, entry.action) == (
        f"providers[{GIT}]",
        Severity.CRITICAL,
        "held",
    )
    assert "accepts the certificate bb now" in entry.now
    assert "aa" in entry.was
    assert plan.drifted(inputs(TRUSTED, made(TRUSTED), AGREED, sees(TWO)))


def test_who_comes_in_by_it_gets_no_more_meanwhile() -> None:
    more = wanted(
        {
            "trustPolicy": trust_json(OIDC, condition=BOUND),
            "policies": [attachment("System/AliyunOSSReadOnlyAccess")],
            "description": "new",
        }
    )
    assert [step.verb for step in decide(sees(), asked=more).steps] == ["attributes", "attach"]
    for sight in (sees(TWO), {GIT: DENIED}):
        decision = decide(sight, asked=more)
        assert [step.verb for step in decision.steps] == ["attributes"]
        assert any("AliyunOSSReadOnlyAccess" in text for text in decision.waiting)
    here = inputs(more, made(TRUSTED), AGREED, sees(TWO))
    unbelieved = plan.update(here, plan.drifted(here))
    assert [step.verb for step in unbelieved.steps] == ["attributes"]
    assert (unbelieved.held, unbelieved.drift, unbelieved.incomplete) == (None, (), True)
    assert unbelieved.unread == {f"providers[{GIT}]"}
    assert [step.verb for step in after_approval(sees(TWO), more).steps] == [
        "end",
        "attributes",
        "attach",
    ]


def test_an_approval_notes_what_it_is_now_and_writes_nothing_to_the_cloud() -> None:
    decision = after_approval(sees(TWO))
    assert (decision.held, decision.drift) == (None, ())
    (step,) = decision.steps
    assert step.verb == "end"
    permit = permit_of(step)
    assert permit is not None
    assert provider_states.accepted(permit.context, permit.changes) == {GIT: TWO}


def test_an_approval_is_good_for_what_was_shown_and_no_other() -> None:
    three = provider_states.oidc(ISSUER, ["ci"], ["cc"])
    decision = after_approval(sees(TWO), then=sees(three))
    assert decision.held is not None
    assert decision.steps == ()


def test_an_approved_trust_is_for_the_providers_as_they_were_shown() -> None:
    good = after_approval(sees(), MORE)
    assert [step.verb for step in good.steps] == ["trust"]
    permit = permit_of(good.steps[0])
    assert permit is not None
    assert provider_states.accepted(permit.context, permit.changes) == {GIT: ONE}
    for later in (sees(TWO), {GIT: DENIED}, sees(provider_states.ABSENT)):
        swapped = after_approval(sees(), MORE, then=later)
        assert swapped.held is not None
        assert swapped.steps == ()


def test_an_offer_that_says_nothing_of_providers_is_not_taken_while_they_are_unknown() -> None:
    """It was made before they were looked at."""
    first = inputs(MORE, made(TRUSTED), AGREED, {})
    held = plan.update(first).held
    assert held is not None
    facts = offered(held, AGREED.record)
    said = replace(approved(facts), scope=SCOPE)
    again = replace(first, memory=replace(AGREED, record=facts), approval=said)
    unknown = plan.update(replace(again, providers={GIT: DENIED}))
    assert (unknown.steps, unknown.incomplete) == ((), True)
    assert plan.update(replace(again, providers=sees())).steps == ()


def test_a_provider_that_cannot_be_read_can_be_trusted_no_more() -> None:
    asked = wanted({"trustPolicy": trust_json(FC)})
    decision = after_approval({GIT: DENIED}, asked)
    assert [step.verb for step in decision.steps] == ["trust"]
    assert not decision.incomplete


def test_what_is_sent_once_more_is_sent_to_the_same_providers() -> None:
    first = inputs(MORE, made(TRUSTED), AGREED, sees())
    held = plan.update(first).held
    assert held is not None
    facts = offered(held, AGREED.record)
    said = replace(approved(facts), scope=SCOPE)
    permit = clearance.weigh(held, said, facts)
    assert permit is not None
    seen = provider_states.accepted(permit.context, permit.changes)
    flight = InFlight(
        permit.kind, permit.change, permit.digest, identity="id-1", expires=permit.expires
    )
    flight = replace(flight, providers=seen)
    begun = replace(facts, sequence=8, pending=None, in_flight=flight)
    known = replace(AGREED, record=replace(begun, providers={}))
    for state, verbs in ((ONE, ["end", "trust"]), (TWO, ["end"])):
        again = replace(first, memory=known, approval=said, providers=sees(state))
        assert [step.verb for step in plan.update(again).steps] == verbs


def test_what_cannot_be_read_is_neither_as_agreed_nor_changed() -> None:
    decision = decide({GIT: DENIED})
    assert decision.held is None
    assert decision.incomplete
    assert decision.drift == ()
    assert not decision.in_sync
    assert "ims:GetOIDCProvider" in decision.waiting[0]
    assert decision.error is DENIED.error
    assert decision.unread == {f"providers[{GIT}]"}


def test_nothing_is_approved_while_a_provider_may_be_another_one() -> None:
    """Drift is believed at the second look; until then the offer says nothing of it."""
    admin = {"policies": [attachment("System/AdministratorAccess")]}
    asked = wanted({"trustPolicy": trust_json(OIDC, condition=BOUND), **admin})
    first = inputs(asked, made(TRUSTED), AGREED, sees(TWO))
    unbelieved = plan.update(first, plan.drifted(first))
    assert unbelieved.held is not None
    assert unbelieved.incomplete
    facts = offered(unbelieved.held, AGREED.record)
    said = replace(approved(facts), scope=SCOPE)
    again = replace(first, memory=replace(AGREED, record=facts), approval=said)
    assert plan.update(again, plan.drifted(again)).steps == ()


def test_what_a_person_has_to_mend_is_said_first() -> None:
    later = UnknownPart(Retry(Reason.CLOUD_UNAVAILABLE, "no answer"))
    decision = decide({"oidc-provider/a": later, GIT: DENIED, IDP: later})
    assert decision.error is DENIED.error


def test_the_first_look_is_noted_where_there_is_a_record() -> None:
    decision = decide(sees(), memory())
    assert [step.providers for step in decision.steps] == [{GIT: ONE}]
    assert decision.held is None
    unread = decide({GIT: DENIED}, memory())
    assert unread.steps == ()
    foreign = replace(memory().record, owner=None)
    adopting = decide(sees(), replace(memory(), record=foreign))
    assert adopting.steps == ()
    assert adopting.providers == {GIT: ONE}


def test_what_nobody_names_any_more_is_forgotten() -> None:
    plain = remembered(wanted({}))
    facts = replace(plain.record, providers={GIT: ONE})
    known = replace(plain, record=facts)
    decision = plan.update(inputs(wanted({}), live(), known, {}))
    assert [step.providers for step in decision.steps] == [{GIT: ""}]
    unknown = replace(live(), fields={**live().fields, "trustPolicy": DENIED})
    assert plan.update(inputs(wanted({}), unknown, known, {})).steps == ()


def test_what_was_added_by_hand_is_not_noted() -> None:
    """It goes again, and whoever approves it says what it is."""
    found = live(trustPolicy=trust(FC, OIDC))
    decision = plan.update(inputs(wanted({}), found, remembered(wanted({})), sees()))
    assert not any(isinstance(step, Note) for step in decision.steps)


def creation(sight: Sight, record: RecordFacts) -> Plan:
    known = Memory(OPTIONS, Applied(), record)
    return plan.create(inputs(TRUSTED, Live(Presence.ABSENT), known, sight))


def test_a_new_role_is_made_for_providers_that_are_known() -> None:
    decision = creation(sees(), RecordFacts())
    assert [step.verb for step in decision.steps] == ["create"]
    assert decision.providers == {GIT: ONE}
    for sight, word in (({GIT: DENIED}, "to be read"), (sees(provider_states.ABSENT), "to exist")):
        waits = creation(sight, RecordFacts())
        assert (waits.steps, waits.held) == ((), None)
        assert word in waits.waiting[0]
    assert creation({GIT: DENIED}, RecordFacts()).unread == {f"providers[{GIT}]", "trustPolicy"}
    assert creation(sees(provider_states.ABSENT), RecordFacts()).unread == frozenset()


BEFORE = RecordFacts(True, OWNER, baseline=trust(OIDC, condition=BOUND), providers={GIT: ONE})


def test_deleting_and_creating_again_does_not_launder_a_provider() -> None:
    assert [step.verb for step in creation(sees(), BEFORE).steps] == ["create"]
    swapped = creation(sees(TWO), BEFORE)
    assert swapped.steps == ()
    assert swapped.held is not None
    assert swapped.held.kind == HeldKind.PROVIDER_CHANGE
    assert "RAM020" in {finding.id for finding in swapped.held.findings}
    assert "accepts the certificate bb now" in " ".join(swapped.held.gains)
    assert [change.field for change in swapped.held.changes] == ["trustPolicy", providers.FIELD]


def test_a_creation_that_waits_for_another_reason_does_not_hide_the_swap() -> None:
    exceeds = {"StringEquals": {"oidc:aud": "ci"}}
    asked = wanted({"trustPolicy": trust_json(OIDC, condition=exceeds)})
    before = replace(BEFORE, baseline=trust(OIDC, condition=exceeds))
    known = Memory(OPTIONS, Applied(), before)
    held = [
        plan.create(inputs(asked, Live(Presence.ABSENT), known, sight)).held
        for sight in (sees(), sees(TWO))
    ]
    assert held[0] is not None
    assert held[1] is not None
    assert held[0].kind == held[1].kind == HeldKind.ROLE_CREATION
    assert {f.id for f in held[1].findings} - {f.id for f in held[0].findings} == {"RAM020"}
    assert "accepts the certificate bb now" in " ".join(held[1].gains)


def test_a_creation_that_waits_for_a_provider_goes_on_once_that_is_put_back() -> None:
    held = creation(sees(TWO), BEFORE).held
    assert held is not None
    waiting = offered(held, BEFORE)
    assert waiting.pending is not None
    assert (waiting.pending.trust, waiting.pending.providers) == ("", GIT)
    assert [step.verb for step in creation(sees(), waiting).steps] == ["create"]
    # What waited before that for its own sake waits on.
    trusted = trust(OIDC, condition=BOUND).digest
    dangerous = replace(waiting, pending=replace(waiting.pending, trust=trusted))
    for sight in (sees(TWO), sees()):
        stays = creation(sight, dangerous).held
        assert stays is not None
        assert stays.kind == HeldKind.ROLE_CREATION


def test_people_see_what_the_providers_of_a_held_trust_are() -> None:
    held = decide(sees(), asked=MORE).held
    assert held is not None
    assert [change.field for change in provider_states.shown(held)] == ["trustPolicy", "providers"]
    swapped = decide(sees(TWO)).held
    assert swapped is not None
    assert provider_states.shown(swapped) == swapped.changes
