"""Which names a trust mentions, and that every kind that can be named so is held back from them."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.documents import canonical, principals
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.gate.review import creation
from ram_operator.kinds.schema import Kind
from ram_operator.kinds.table import KINDS, RECORD
from ram_operator.model.changes import NAME, Held
from ram_operator.model.objects import Key
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.vocabulary import HeldKind, Presence
from ram_operator.planning import plan
from ram_operator.runtime.cache import Cache
from tests.unit.core import ACCOUNT, ACCOUNT_ID, OPTIONS, trust, trust_json

Json = Any
OTHER: Final = Key(RECORD, "", "other")
HERE: Final = f"acs:ram::{ACCOUNT_ID}"
ROOT: Final = ("RAM", f"{HERE}:root")


def by_arn(*names: str, test: str = "StringEquals", key: str = "acs:PrincipalARN") -> Json:
    return trust_json(ROOT, condition={test: {key: list(names)}})


MENTIONED: Final[dict[str, tuple[Json, set[str]]]] = {
    "a user": (trust_json(("RAM", f"{HERE}:user/Ann")), {f"{HERE}:user/ann"}),
    "a role": (trust_json(("RAM", f"{HERE}:role/Ci")), {f"{HERE}:role/ci"}),
    "a session of a role": (
        trust_json(("RAM", f"{HERE}:assumed-role/Ci/session")),
        {f"{HERE}:role/ci"},
    ),
    "a session as STS writes it": (
        trust_json(("RAM", f"acs:sts::{ACCOUNT_ID}:assumed-role/ci/*")),
        {f"{HERE}:role/ci"},
    ),
    "a session as a reply writes it": (
        trust_json(("RAM", f"{HERE}:role/ci/session")),
        {f"{HERE}:role/ci"},
    ),
    "with a region": (
        trust_json(("RAM", f"acs:ram:*:{ACCOUNT_ID}:user/ann")),
        {f"{HERE}:user/ann"},
    ),
    "a SAML provider": (
        trust_json(("Federated", f"{HERE}:saml-provider/CorpIdP")),
        {f"{HERE}:saml-provider/corpidp"},
    ),
    "an OIDC provider": (
        trust_json(("Federated", f"{HERE}:oidc-provider/git")),
        {f"{HERE}:oidc-provider/git"},
    ),
    "under the wrong word": (
        trust_json(("Federated", f"{HERE}:user/ann")),
        {f"{HERE}:user/ann"},
    ),
    "a pattern": (trust_json(("RAM", f"{HERE}:user/Dep*")), {f"{HERE}:user/dep*"}),
    "in any account": (trust_json(("RAM", "acs:ram::*:user/ann")), {"acs:ram::*:user/ann"}),
    "in another account": (trust_json(("RAM", "acs:ram::2:user/ann")), {"acs:ram::2:user/ann"}),
    "in a condition": (by_arn(f"{HERE}:user/Ann", f"{HERE}:root"), {f"{HERE}:user/ann"}),
    "in a pattern of a condition": (
        by_arn(f"{HERE}:role/ci-*", test="StringLike", key="acs:principalarn"),
        {f"{HERE}:role/ci-*"},
    ),
    "what is excluded": (by_arn(f"{HERE}:user/ann", test="StringNotEquals"), set()),
    "another condition": (by_arn(f"{HERE}:user/ann", key="sts:ExternalId"), set()),
    "the whole account": (trust_json(ROOT), set()),
    "every user": (trust_json(("RAM", f"{HERE}:user/*")), set()),
    "everybody": (trust_json(("RAM", "*")), set()),
    "a service": (trust_json(("Service", "fc.aliyuncs.com")), set()),
    "a group, which nobody can trust": (trust_json(("RAM", f"{HERE}:group/g")), set()),
    "a denial": (
        {
            **trust_json(ROOT),
            "Statement": [
                {**trust_json(("RAM", f"{HERE}:user/a"))["Statement"][0], "Effect": "Deny"}
            ],
        },
        set(),
    ),
    "what cannot be read": ({"Version": "1", "Statement": ["x"]}, set()),
}


@pytest.mark.parametrize(("document", "names"), MENTIONED.values(), ids=MENTIONED)
def test_a_trust_mentions(document: Json, names: set[str]) -> None:
    assert documents.mentioned(documents.parse_trust(document, lenient=True)) == names


def record(document: Json, **more: Any) -> Json:
    block = {"cloudId": "1", "baseline": {"trust": json.dumps(document)}, **more}
    meta = {"name": "r", "uid": "u", "resourceVersion": str(more.get("sequence", 1))}
    return {"kind": RECORD, "metadata": meta, "record": block}


def flight(after: Any) -> Json:
    return {"inFlight": {"after": after}}


ANN: Final = trust_json(("RAM", f"{HERE}:user/ann"))
NOBODY: Final = trust_json()
REMEMBERED: Final[dict[str, tuple[Json, bool]]] = {
    "agreed on": (record(ANN), True),
    "in another": (record(trust_json(("RAM", f"{HERE}:user/bob"))), False),
    "by a pattern": (record(trust_json(("RAM", "acs:ram::*:user/a*"))), True),
    "of a role that is not there": (record(ANN, cloudId=""), False),
    "of a role that was deleted": (record(ANN, deletedAt="2026-01-01T00:00:00Z"), False),
    "on its way": (record(NOBODY, **flight(json.dumps(ANN))), True),
    "approved and on its way": (
        record(NOBODY, **flight(json.dumps({"trustPolicy": ANN, "policies": ["a"]}))),
        True,
    ),
    "on its way to a new role": (
        record(NOBODY, cloudId="", **flight(json.dumps({"trustPolicy": ANN}))),
        True,
    ),
    "on its way, and cannot be read": (record(NOBODY, **flight("{")), False),
    "on its way, and no trust": (record(NOBODY, **flight('{"a": {"Statement": 1}}')), False),
    "a list": (record(NOBODY, **flight("[1]")), False),
    "broken": ({**record(ANN), "record": {"cloudId": "1", "baseline": {"trust": "{"}}}, False),
}


@pytest.mark.parametrize(("body", "found"), REMEMBERED.values(), ids=REMEMBERED)
def test_a_record_is_searched_for_a_name(body: Json, found: bool) -> None:
    cache = Cache()
    key, _, _ = cache.put(body)
    assert cache.trusted(f"{HERE}:user/ANN", OTHER) is found
    assert not cache.trusted(f"{HERE}:user/ann", key), "its own trust is judged by itself"


def test_what_was_seen_in_the_cloud_counts_until_it_is_seen_otherwise() -> None:
    cache = Cache()
    seen = Key(RECORD, "", "r")
    cache.saw_trust(seen, {f"{HERE}:user/ann", f"{HERE}:user/b*"})
    assert cache.trusted(f"{HERE}:user/ann", OTHER)
    assert cache.trusted(f"{HERE}:user/bob", OTHER)
    # A record that knows less, or is gone, says nothing of the cloud.
    key, _, _ = cache.put(record(NOBODY))
    assert cache.remove(key, "u")
    assert cache.trusted(f"{HERE}:user/ann", OTHER)
    cache.saw_trust(seen, {f"{HERE}:user/b*"})
    assert not cache.trusted(f"{HERE}:user/ann", OTHER)
    cache.saw_trust(seen, ())
    assert not cache.trusted(f"{HERE}:user/bob", OTHER)
    kept = [vars(names) for names in (cache._agreed, cache._seen)]
    assert all(not index for indexes in kept for index in indexes.values())


# --- the table of kinds


@pytest.mark.parametrize("noun", documents.NOUNS)
def test_whatever_a_trust_can_name_is_found_in_it(noun: str) -> None:
    arn = f"{HERE}:{noun}/x"
    for word in ("RAM", "Federated"):
        assert documents.mentioned(trust((word, arn))) == {arn}


def test_the_grammar_of_principals_names_nothing_else() -> None:
    """A new kind of principal that has a name in its ARN has to be in the list of nouns."""
    forms = [form.spelling.pattern for listed in principals._FORMS.values() for form in listed]
    named = {text for form in forms for text in form.replace("(", "|").replace(")", "|").split("|")}
    nouns = {text.removeprefix("?P<kind>") for text in named if text.isascii()}
    assert set(documents.NOUNS) <= nouns
    kinds = {canonical.Kind(kind) for kind in ("user", "role", "saml", "oidc")}
    others = {"account", "service", "wildcard", "unknown"}
    assert {kind.value for kind in canonical.Kind} - others == {kind.value for kind in kinds}
    assert len(documents.NOUNS) == len(kinds)


def test_each_kind_says_whether_a_trust_can_name_it() -> None:
    column = next(each for each in dataclasses.fields(Kind) if each.name == "trusted_as")
    assert column.default is dataclasses.MISSING
    named = [row.trusted_as for row in KINDS.values() if row.trusted_as]
    assert len(set(named)) == len(named)
    assert set(named) <= set(documents.NOUNS)
    for row in KINDS.values():
        # The cloud's own word for the kind is what stands in ARNs.
        assert row.trusted_as == (row.noun if row.noun in documents.NOUNS else "")


def made(row: Kind, name: str, **more: Any) -> Inputs:
    memory = Memory(OPTIONS, Applied(), more.pop("facts", RecordFacts()))
    fields = {f.name: f.default for f in row.fields if f.default is not None}
    desired = Desired(name, fields)
    account = more.pop("account", ACCOUNT)
    return Inputs(row, account, desired, Live(Presence.ABSENT), memory, **more)


@pytest.mark.parametrize("noun", ["user", "saml-provider", "oidc-provider"])
def test_a_kind_is_held_back_by_its_row_alone(noun: str) -> None:
    """As with kinds that are still to come: the table knows them, and nothing else does."""
    row = replace(KINDS["RamUser"], noun=noun, trusted_as=noun)
    cache = Cache()
    cache.put(record(trust_json(("Federated", f"{HERE}:{noun}/CorpIdP"))))
    arn = row.arn(ACCOUNT_ID, "CORPidp")
    assert cache.trusted(arn, OTHER)
    decision = plan.create(made(row, "CORPidp", named=frozenset({arn})))
    assert decision.steps == ()
    assert decision.held is not None
    assert decision.held.kind == HeldKind.NAME_TRUSTED
    assert "RAM016" in {finding.id for finding in decision.held.findings}
    free = plan.create(made(row, "CORPidp"))
    assert free.held is None


@pytest.mark.parametrize("kind", ["RamGroup", "RamPolicy"])
def test_what_no_trust_can_name_has_no_such_name(kind: str) -> None:
    assert KINDS[kind].arn(ACCOUNT_ID, "x") == ""


def test_without_records_nobody_knows_which_names_are_trusted() -> None:
    account = replace(ACCOUNT, records_lost=True)
    for kind, waits in (("RamUser", True), ("RamGroup", False)):
        held = creation(made(KINDS[kind], "x", account=account))
        assert isinstance(held, Held) is waits
        if isinstance(held, Held):
            assert held.kind == HeldKind.RECORDS_LOST
            assert {change.field for change in held.changes} == {NAME}
    known = RecordFacts(True, cloud_id="1")
    step = creation(made(KINDS["RamUser"], "x", account=account, facts=known))
    assert not isinstance(step, Held)
