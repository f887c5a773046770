"""Rules on trust and rights: who breaks which, by the examples, and the page about them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ram_operator import documents
from ram_operator.constants import Reason, Severity
from ram_operator.errors import Retry
from ram_operator.gate import rules
from ram_operator.gate.checks import Case, Grant
from ram_operator.gate.rule import On
from ram_operator.kinds.account import account_settings
from ram_operator.model.objects import Entry, UnknownPart
from tests.structure.pure import ROOT
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    ALLOW_READ,
    ANN,
    OTHER_ID,
    OUTSIDER,
    policy,
    trust,
    trust_json,
)

Json = dict[str, Any]
TEXT = (ROOT / "tests" / "vectors" / "rules.yaml").read_text()
EXAMPLES: Json = yaml.safe_load(
    TEXT.replace("{here}", ACCOUNT_ID).replace("{other}", OTHER_ID),
)
REACHES: list[Json] = EXAMPLES.pop("reaches")
ROOT_HERE = ("RAM", f"acs:ram::{ACCOUNT_ID}:root")
FLAT = [
    (name, broken, example)
    for name, sides in EXAMPLES.items()
    for broken in (True, False)
    for example in sides["broken" if broken else "kept"]
]


def named(principals: list[str] | None, when: Json | None) -> documents.Trust | None:
    if principals is None:
        return None
    pairs = [tuple(text.split(" ", 1)) for text in principals]
    return trust(*((pair[0], pair[1]) for pair in pairs), condition=when)


def lists(example: Json) -> Any:
    gate = {"trustedAccounts": example.get("accounts", [])}
    for name, key in (("services", "trustedServices"), ("providers", "trustedProviders")):
        gate |= {key: example[name]} if name in example else {}
    gate |= {"trustedSubjects": example["subjects"]} if "subjects" in example else {}
    spec = {"accountId": ACCOUNT_ID, "gate": gate}
    return account_settings("default", spec)


def case(example: Json) -> Case:
    session = example.get("session")
    return Case(
        account=lists(example),
        trust=named(example.get("trust"), example.get("when")),
        before=named(example.get("before"), example.get("before_when")),
        session=(session[0], session[1]) if session else None,
        console=bool(example.get("console")),
        access=example.get("access", ""),
        privileged=tuple(example.get("privileged", [])),
        grants=tuple(
            Grant(row[0], row[1], "itself" in row[2:], "indirect" in row[2:])
            for row in example.get("grants", [])
        ),
        arn=example.get("arn", ""),
        named=frozenset(example.get("named", [])),
        moved=tuple(example.get("moved", [])),
        document=policy(ALLOW_READ | example["document"]) if "document" in example else None,
        kind=example.get("kind", ""),
        live=has(example),
        now="2026-06-01T00:00:00Z",
    )


def folded(name: str) -> str:
    """The key of an entry: a policy's type keeps its capital."""
    kind, slash, rest = name.partition("/")
    return f"{kind}/{rest.lower()}" if slash else name.lower()


def has(example: Json) -> dict[str, Any]:
    """What an identity has: keys and a login with their states, names of policies and members."""
    found: dict[str, Any] = {}
    if "login" in example or "keys" in example:
        keys = {
            f"accessKey/…{end}": Entry(f"accessKey …{end}", state, since=since)
            for end, state, since in example.get("keys", [])
        }
        login = {"loginProfile": Entry("loginProfile", example.get("login", ""))}
        found["access"] = {**keys, **(login if "login" in example else {})}
    for name in ("mfa", "policies", "members"):
        if name in example:
            found[name] = {folded(each): Entry(each) for each in example[name]}
    if "lasts" in example:
        found["maxSessionDurationSeconds"] = example["lasts"]
    return found


@pytest.mark.parametrize(
    ("name", "broken", "example"), FLAT, ids=[f"{n}-{b}-{json.dumps(e)[:60]}" for n, b, e in FLAT]
)
def test_an_example_breaks_the_rule_or_does_not(name: str, broken: bool, example: Json) -> None:
    found = rules.judge(case(example), *On)
    assert (name in {finding.id for finding in found}) is broken


def test_every_rule_has_two_examples_each_way() -> None:
    assert list(EXAMPLES) == [rule.id for rule in rules.RULES]
    for sides in EXAMPLES.values():
        assert min(len(sides["broken"]), len(sides["kept"])) >= 2


def test_a_rule_is_judged_only_on_what_it_looks_at() -> None:
    for name, broken, example in FLAT:
        (rule,) = (rule for rule in rules.RULES if rule.id == name)
        others = [kind for kind in On if kind is not rule.on]
        found = {finding.id for finding in rules.judge(case(example), *others)}
        assert name not in found, (name, broken, example)


def test_a_sentence_says_its_facts_and_nothing_else() -> None:
    """Else an approval would open what nobody was shown, or end by a change of wording."""
    for _, _, example in FLAT:
        for finding in rules.judge(case(example), *On):
            (rule,) = (rule for rule in rules.RULES if rule.id == finding.id)
            facts = iter(finding.facts)
            words = re.split(r"\{(\d*)\}", rule.sentence)
            gaps = [int(gap) if gap else at for at, gap in enumerate(words[1::2])]
            filled = [next(facts) for at in sorted(gaps) if at not in rule.worded]
            assert list(finding.facts) == filled
            assert all(fact in finding.message for fact in finding.facts)
            if not rule.worded:
                assert rule.sentence.format(*finding.facts) == finding.message


UNREAD = UnknownPart(Retry(Reason.THROTTLED, "later"))


@pytest.mark.parametrize("kind", ["RamUser", "RamGroup", "RamRole"])
def test_what_could_not_be_read_breaks_no_rule(kind: str) -> None:
    """Nobody is told that a user has no second factor because nobody could ask."""
    names = ("access", "mfa", "policies", "members", "maxSessionDurationSeconds")
    for live in ({}, dict.fromkeys(names, UNREAD)):
        case = Case(ACCOUNT, kind=kind, live=live, now="2026-06-01T00:00:00Z")
        assert rules.judge(case, On.IDENTITY) == ()


def test_everything_but_something_is_named_as_that() -> None:
    document = policy({"Effect": "Allow", "NotAction": ["ram:*", "ims:*"], "Resource": "*"})
    (found,) = rules.judge(Case(ACCOUNT, document=document), On.DOCUMENT)
    assert found.message.startswith("everything but ims:*, ram:* is allowed")


def test_a_key_is_old_after_ninety_days_and_never_where_the_time_is_not_known() -> None:
    def found(since: str, now: str) -> set[str]:
        live = {"access": {"k": Entry("accessKey …abcd", since=since)}}
        case = Case(ACCOUNT, kind="RamUser", live=live, now=now)
        return {finding.id for finding in rules.judge(case, On.IDENTITY)}

    assert found("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z") == set()
    assert found("2026-01-01T00:00:00Z", "2026-04-01T00:00:01Z") == {"RAM029"}
    assert found("", "2026-04-01T00:00:01Z") == found("2026-01-01T00:00:00Z", "") == set()


def test_what_a_rule_means_has_a_revision() -> None:
    """Who changes the meaning of a rule raises it here and there: its offers are made anew."""
    assert {rule.id: rule.revision for rule in rules.RULES if rule.revision != 1} == {}


@pytest.mark.parametrize("row", REACHES, ids=json.dumps)
def test_a_document_reaches_the_identity_that_has_it(row: Json) -> None:
    statement = {"Effect": row.get("effect", "Allow"), "Action": row["action"]}
    document = policy({**statement, "Resource": row["resource"]})
    own = tuple(f"{ACCOUNT_ID}:{name}" for name in ("role/app", "policy/Keys"))
    assert documents.reaches(document, own) is row["itself"]


def test_resources_that_cannot_be_read_may_be_the_identity_itself() -> None:
    document = policy({"Effect": "Allow", "Action": "ram:*", "Resource": 1})
    assert documents.reaches(document, (f"{ACCOUNT_ID}:role/app",))


def test_a_trusted_account_is_not_outside_but_still_another() -> None:
    account = replace(ACCOUNT, trusted_accounts=frozenset({OTHER_ID}))
    found = rules.assess(trust(OUTSIDER), account)
    assert {finding.id for finding in found} == {"RAM006", "RAM007"}
    assert not rules.dangerous(found)


def test_findings_name_each_principal_once_critical_ones_first() -> None:
    document = trust(ROOT_HERE, OUTSIDER, ("RAM", f"acs:ram::{OTHER_ID}:user/eve"), OUTSIDER)
    found = rules.assess(document, ACCOUNT)
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=lambda one: one is not Severity.CRITICAL)
    assert len(set(found)) == len(found)
    outside = [finding.message for finding in found if finding.id == "RAM002"]
    assert outside == sorted(outside)
    assert len(outside) == 2
    assert all(finding.remedy for finding in found)


def test_what_changes_is_named_too() -> None:
    found = rules.assess(trust(ROOT_HERE), ACCOUNT, trust(OUTSIDER), (3600, 7200))
    assert {finding.id for finding in found} == {"RAM007", "RAM011", "RAM012", "RAM015"}
    (longer,) = (finding.message for finding in found if finding.id == "RAM015")
    assert longer == "a session may last 7200 seconds instead of 3600"


def test_the_last_of_several_grants_says_when_somebody_is_trusted_no_longer() -> None:
    ends = trust_json(ANN, condition={"DateLessThan": {"acs:CurrentTime": "2030-01-01T00:00:00Z"}})
    endless = {**ends, "Statement": [*ends["Statement"], *trust_json(ANN)["Statement"]]}
    found = rules.assess(
        documents.parse_trust(endless), ACCOUNT, before=documents.parse_trust(ends)
    )
    assert "RAM014" in {finding.id for finding in found}


def test_statements_that_cannot_be_read_and_denials_are_nobodys() -> None:
    odd = documents.parse_trust(
        {"Version": "1", "Statement": ["odd", {"Effect": "Deny", "Principal": {"RAM": ["*"]}}]},
        lenient=True,
    )
    ids = {finding.id for finding in rules.assess(odd, ACCOUNT, trust(ROOT_HERE))}
    assert ids == {"RAM003", "RAM012"}


def test_only_critical_findings_are_dangerous() -> None:
    assert rules.dangerous(rules.assess(trust(OUTSIDER), ACCOUNT))
    assert not rules.dangerous(rules.assess(trust(ROOT_HERE), ACCOUNT))
    assert not rules.dangerous(())


def test_ids_are_stable() -> None:
    critical = {int(r.id[3:]) for r in rules.RULES if r.severity is Severity.CRITICAL}
    assert [rule.id for rule in rules.RULES] == [f"RAM{n:03}" for n in range(1, 36)]
    assert critical == {1, 2, 3, 4, 9, 13, 16, 17, 18, 19, 20, 22, 23, 24}


def test_the_page_of_rules_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "rules_reference.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
