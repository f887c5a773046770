"""What became of an identity provider: as it was, more, less or not to be told; and in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.gate import providers
from ram_operator.model import provider_states
from ram_operator.model.changes import Change
from ram_operator.model.objects import Entry
from ram_operator.model.state import Desired
from ram_operator.model.vocabulary import Direction, HeldKind
from ram_operator.planning import plan
from tests.unit.core import made, trust_json, wanted
from tests.unit.profiles import examples
from tests.unit.test_providers import (
    BOUND,
    GIT,
    IDP,
    ISSUER,
    MORE,
    OIDC,
    ONE,
    SAML,
    TRUSTED,
    inputs,
    memory,
    sees,
)

STATES = {
    "absent": provider_states.ABSENT,
    "old": ONE,
    "client": provider_states.oidc(ISSUER, ["ci", "other"], ["aa"]),
    "issuer": provider_states.oidc("https://evil.example", ["ci"], ["aa"]),
    "hours": provider_states.oidc(ISSUER, ["ci"], ["aa"], "168"),
    "saml": provider_states.saml(b"one"),
    "resigned": provider_states.saml(b"two"),
    "by hand": "not JSON",
    "a number": "1",
}


@pytest.mark.parametrize(
    ("before", "after", "direction", "words"),
    [
        ("old", "absent", Direction.NARROWER, "does not exist any more"),
        ("absent", "old", Direction.UNKNOWN, "exists now"),
        ("old", "client", Direction.WIDER, "accepts tokens for client id other now"),
        ("client", "old", Direction.NARROWER, "no longer accepts tokens for client id other"),
        ("old", "issuer", Direction.UNKNOWN, "https://evil.example instead of https://git.example"),
        ("old", "hours", Direction.UNKNOWN, "another hours"),
        ("saml", "resigned", Direction.UNKNOWN, "another metadata"),
        ("by hand", "old", Direction.UNKNOWN, "another issuer"),
        ("a number", "saml", Direction.UNKNOWN, "another metadata"),
    ],
)
def test_what_became_of_a_provider(
    before: str, after: str, direction: Direction, words: str
) -> None:
    name = GIT
    known = memory(**{GIT: STATES[before]})
    (item,) = providers.moved(inputs(TRUSTED, made(TRUSTED), known, sees(STATES[after])))
    assert item.change.direction is direction
    change = Change(
        providers.FIELD, Entry(name, STATES[before]), Entry(name, STATES[after]), direction, name
    )
    assert any(words in text for side in providers.sentences(change) for text in side)


def test_several_providers_that_moved_make_no_certain_verdict() -> None:
    asked = wanted({"trustPolicy": trust_json(OIDC, SAML, condition=BOUND)})
    known = memory(**{GIT: ONE, IDP: STATES["saml"]})
    agreed = asked.fields["trustPolicy"]
    assert isinstance(agreed, documents.Trust)
    known = replace(known, record=replace(known.record, baseline=agreed))
    sight = {**sees(STATES["client"]), IDP: Entry(IDP, STATES["resigned"])}
    held = plan.update(inputs(asked, made(asked), known, sight)).held
    assert held is not None
    assert {change.entry for change in held.changes} == {GIT, IDP}
    assert held.verdict == "unknown"


NAMES = st.lists(st.sampled_from(["a", "b", "c", 'd"', "e,", "é"]), max_size=5)
PRINTS = st.lists(st.sampled_from(["aa", "AA", "bb", "Bb"]), max_size=3)


@examples(300)
@given(NAMES, PRINTS, NAMES, PRINTS)
def test_two_providers_are_equal_when_they_let_in_the_same(
    clients: list[str], prints: list[str], others: list[str], other_prints: list[str]
) -> None:
    folded = [{text.lower() for text in side} for side in (prints, other_prints)]
    same = (set(clients), folded[0]) == (set(others), folded[1])
    one = provider_states.oidc(ISSUER, clients, prints)
    two = provider_states.oidc(ISSUER, others, other_prints)
    assert (one == two) is same
    json.loads(one)
    known = memory(**{GIT: one})
    found = providers.moved(inputs(TRUSTED, made(TRUSTED), known, sees(two)))
    more = bool(set(others) - set(clients) or folded[1] - folded[0])
    less = bool(set(clients) - set(others) or folded[0] - folded[1])
    directions = {
        (True, True): Direction.MIXED,
        (True, False): Direction.WIDER,
        (False, True): Direction.NARROWER,
    }
    assert [item.change.direction for item in found] == (
        [directions[more, less]] if more or less else []
    )


def test_what_is_too_long_for_a_record_is_told_apart_all_the_same() -> None:
    """And nobody is told that entries went which are only not shown."""
    clients = [f"client-{number:04}-{'x' * 200}" for number in range(50)]
    short, long, longer = (
        provider_states.oidc(ISSUER, clients[:count], ["aa"]) for count in (3, 49, 50)
    )
    for text in (long, longer, provider_states.oidc("\U0001f600" * 255, clients, [])):
        assert len(text) <= 8192
    assert long != longer
    assert ISSUER in long
    for before, after in ((long, longer), (short, long), (long, short)):
        known = memory(**{GIT: before})
        (item,) = providers.moved(inputs(TRUSTED, made(TRUSTED), known, sees(after)))
        assert item.change.direction is Direction.UNKNOWN
        gains, losses = providers.sentences(item.change)
        assert "cannot be shown in full" in gains[0]
        assert losses == []


def test_fifty_client_ids_are_shown_in_full() -> None:
    clients = [f"{number:0128}" for number in range(50)]
    one, two = (
        provider_states.oidc(ISSUER, listed, ["a" * 128] * 5) for listed in (clients, clients[1:])
    )
    known = memory(**{GIT: one})
    (item,) = providers.moved(inputs(TRUSTED, made(TRUSTED), known, sees(two)))
    assert providers.sentences(item.change)[1] == [
        f"oidc-provider/Git no longer accepts tokens for client id {clients[0]}"
    ]


@pytest.mark.parametrize(
    ("asked", "after", "kind", "verdict"),
    [
        (TRUSTED, "absent", HeldKind.PROVIDER_CHANGE, "narrower"),
        (TRUSTED, "client", HeldKind.PROVIDER_CHANGE, "wider"),
        (TRUSTED, "issuer", HeldKind.PROVIDER_CHANGE, "unknown"),
        # A wider trust beside it.
        (MORE, "absent", "TrustChange", "mixed"),
        (MORE, "client", "TrustChange", "wider"),
        (MORE, "issuer", "TrustChange", "unknown"),
    ],
)
def test_the_verdict_says_no_less_than_either_part(
    asked: Desired, after: str, kind: str, verdict: str
) -> None:
    known = memory(**{GIT: ONE})
    held = plan.update(inputs(asked, made(TRUSTED), known, sees(STATES[after]))).held
    assert held is not None
    assert (held.kind, held.verdict) == (kind, verdict)
