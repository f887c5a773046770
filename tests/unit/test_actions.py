"""The table of actions: by itself, on real documents, and on what people do each day."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import alibabacloud_ims20190815.client as ims_client
import alibabacloud_ram20150501.client as ram_client
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.documents import action_table, actions
from ram_operator.documents.action_table import Group, Source
from ram_operator.documents.globs import Budget
from tests.oracle.escalating import may_call
from tests.structure.pure import ROOT
from tests.unit import verdicts
from tests.unit.core import policy
from tests.unit.profiles import examples

Json = dict[str, Any]
HERE: Final = Source("a page", "2026-11-28")
ROWS: Final = {row.pattern: row for row in actions.ROWS}
HELD: Final = {
    "AdministratorAccess": "everything",
    "AliyunRAMFullAccess": "every write of RAM",
    "AliyunSTSAssumeRoleAccess": "other roles",
    "AliyunResourceDirectoryFullAccess": "who manages which account",
    "PowerUserAccess": "NotAction leaves sts:AssumeRole in",
    "AliyunFCFullAccess": "ram:PassRole",
}


def group(kind: str, patterns: str, sentence: str = "s", source: Source = HERE) -> Group:
    return Group(kind, sentence, source, patterns)


def test_every_row_has_a_source_and_a_day() -> None:
    for row in actions.ROWS:
        assert row.sentence
        assert row.source
        assert date.fromisoformat(row.date) <= date(2027, 1, 1)
    assert {row.kind.value for row in actions.ROWS} == {"identity", "indirect", "harmless"}


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([group("dangerous", "ram:*")], "is not a valid ActionClass"),
        ([group("identity", "ram:*", source=Source("a page", "soon"))], "Invalid isoformat"),
        ([group("identity", "ram:*", source=Source("", "2026-11-28"))], "lacks a sentence"),
        ([group("identity", "ram:*", sentence="")], "lacks a sentence"),
        ([group("identity", " ")], "lacks a sentence"),
        ([group("identity", "ram")], "not an action"),
        ([group("identity", "ram:*User")], "not an action"),
        ([group("identity", "ram:Get?")], "not an action"),
        ([group("identity", "ram:A"), group("harmless", "ram:a")], "two rows"),
        ([group("identity", "ram:GetKey"), group("harmless", "ram:Get*")], "only reads"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(groups: list[Group], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        actions.load(groups)


def test_a_row_of_class_indirect_may_stand_out_of_a_pattern_that_reads() -> None:
    rows = actions.load([group("indirect", "ram:GetAppSecret"), group("harmless", "ram:Get*")])
    assert [row.kind.value for row in rows] == ["indirect", "harmless"]


@pytest.mark.parametrize("row", actions.ROWS, ids=lambda row: row.pattern)
def test_a_row_says_what_is_said_of_a_document_that_has_it(row: actions.Row) -> None:
    for spelled in (row.pattern, row.pattern.upper(), row.pattern.lower()):
        document = policy({"Effect": "Allow", "Action": [spelled], "Resource": "acs:x:*:1:y"})
        found = (bool(documents.escalates(document)), bool(documents.indirect(document)))
        if row.kind is actions.ActionClass.HARMLESS and row.glob.wild:
            assert not found[0]
        else:
            assert found == (row.kind.value == "identity", row.kind.value == "indirect") or (
                row.kind.value == "identity" and row.glob.wild and found[0]
            )


def test_verdicts_on_real_documents_are_the_reviewed_ones() -> None:
    assert verdicts.FILE.read_text() == verdicts.text(), "python -m tests.unit.verdicts"


def test_of_the_system_policies_that_write_six_are_held() -> None:
    writing = {n: d for n, d in verdicts.system_policies().items() if "ReadOnly" not in n}
    assert len(writing) == 48
    held = {name for name, doc in writing.items() if verdicts.of_policy(doc)[0] == "held"}
    assert held == set(HELD)


def test_no_system_policy_that_reads_is_held_and_those_listed_are_harmless() -> None:
    reading = {n: d for n, d in verdicts.system_policies().items() if "ReadOnly" in n}
    found = {name: verdicts.of_policy(document)[0] for name, document in reading.items()}
    assert "held" not in found.values()
    fine = {name for name, verdict in found.items() if verdict == "fine"}
    assert fine == set(action_table.READERS.split())
    assert all(documents.reads_only(name.lower()) for name in fine)


def test_who_reads_clusters_fetches_their_credentials_and_who_reads_keys_no_secrets() -> None:
    policies = verdicts.system_policies()
    assert not documents.reads_only("AliyunCSReadOnlyAccess")
    assert verdicts.of_policy(policies["AliyunCSReadOnlyAccess"])[0] == "warned"
    for action in ("cs:Describe*", "cs:DescribeClusterUserKubeconfig", "CS:*UserConfig"):
        document = policy({"Effect": "Allow", "Action": action, "Resource": "*"})
        (why,) = documents.indirect(document)
        assert why.startswith("can fetch credentials of Kubernetes clusters")
    assert documents.reads_only("AliyunKMSReadOnlyAccess")


@pytest.mark.parametrize("name", ["EvilReadOnlyAccess", "ReadOnlyAccess", "readonlyaccess", ""])
def test_a_name_alone_makes_no_policy_harmless(name: str) -> None:
    assert not documents.reads_only(name)


EVERYDAY: Final[list[Json]] = yaml.safe_load(
    Path(ROOT / "tests" / "vectors" / "everyday.yaml").read_text()
)


def test_nineteen_of_twenty_everyday_changes_pass() -> None:
    """A person who is asked each day approves without reading."""
    assert len(EVERYDAY) == 20
    held = [row["what"] for row in EVERYDAY if verdicts.of_everyday(row)]
    assert held == ["a platform team gets administrator rights"]


PARTS: Final = st.sampled_from(
    ["ram", "ims", "sts", "cloudsso", "resourcemanager", "fc", "oss", "*", "r?m", "*m", "i*"]
)
VERBS: Final = st.sampled_from(
    [
        *("*", "Get*", "List*", "Li*", "*User*", "?reate*", "PassRole", "AssumeRole", "Create*"),
        *("GetUser", "ListRoles", "CreateUser", "CreateServiceLinkedRole", "GetAppSecret"),
        *("Describe*", "UpdateFunction", "*Role", "Query*", "getobject", "Update?unction", "GetX"),
    ]
)
ACTION: Final = st.one_of(st.just("*"), st.builds("{}:{}".format, PARTS, VERBS))
STATEMENT: Final = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Resource": st.sampled_from(["*", "acs:ram:*:1:role/app", ["acs:oss:*:*:x/*", "*"]]),
    },
    optional={"Condition": st.just({"StringEquals": {"acs:Service": "x.aliyuncs.com"}})},
)


@st.composite
def statements(draw: st.DrawFn) -> list[Json]:
    out = []
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(["Action", "Action", "NotAction"]))
        out.append({**draw(STATEMENT), key: draw(st.lists(ACTION, min_size=1, max_size=4))})
    return out


def sdk_actions() -> dict[str, set[str]]:
    """What RAM and IMS can be asked for, as their SDKs have it."""
    found = {}
    for code, module in (("ram", ram_client), ("ims", ims_client)):
        assert module.__file__ is not None
        text = Path(module.__file__).read_text()
        found[code] = {f"{code}:{name}" for name in re.findall(r"action\s*=\s*'([A-Z]\w+)'", text)}
    return found


SDK: Final = sdk_actions()
HARMLESS: Final = {"ram:CreateServiceLinkedRole", "ram:DecodeDiagnosticMessage"}
REPORTS: Final = {"ims:GenerateCredentialReport", "ims:GenerateGovernanceReport"}
SECRETS: Final = {"ims:GetAppSecret"}
READS: Final = {n for names in SDK.values() for n in names if re.match(r"\w+:(Get|List)", n)}
WRITES: Final = {n for names in SDK.values() for n in names} - READS - HARMLESS - REPORTS
FURTHER: Final = (
    *("ram:PassRole", "sts:AssumeRole", "resourcemanager:CreateRole", "cloudsso:CreateUser"),
    *("resourcemanager:AttachPolicy", "cloudsso:ResetUserPassword", "sts:SetSourceIdentity"),
)


def test_every_action_of_the_sdks_is_told_apart() -> None:
    assert len(WRITES) > 90
    for name in sorted(READS | WRITES | HARMLESS | REPORTS):
        document = policy({"Effect": "Allow", "Action": [name], "Resource": "*"})
        assert bool(documents.escalates(document)) is (name in WRITES), name
        assert bool(documents.indirect(document)) is (name in SECRETS), name


@examples(400)
@given(statements())
def test_whoever_may_do_something_of_class_identity_is_said_to(listed: list[Json]) -> None:
    """Against an evaluator that shares no code: it asks for one action after the other."""
    document = policy(*listed)
    spelled = {a for s in listed if s["Effect"] == "Allow" for a in s.get("Action", [])}
    unknown = [name for name in ("ram:GetX", "ims:GetX") if name in spelled]
    if any(may_call(listed, name) for name in (*WRITES, *FURTHER, *unknown)):
        assert documents.escalates(document)
    if any(may_call(listed, name) for name in SECRETS):
        assert documents.indirect(document) or "*" in spelled


@examples(200)
@given(st.lists(st.sampled_from([r.pattern for r in actions.ROWS if r.kind.value == "harmless"])))
def test_what_is_harmless_in_parts_is_harmless_together(patterns: list[str]) -> None:
    document = policy({"Effect": "Allow", "Action": [*patterns, "oss:*"], "Resource": "*"})
    assert documents.escalates(document) == ()


def test_too_much_to_judge_counts_as_everything() -> None:
    names = [row.pattern.partition(":")[2] for row in actions.ROWS if ":List" in row.pattern]
    reads = sorted({f"*:{name[:at]}*" for name in names for at in range(5, len(name))})
    few = policy({"Effect": "Allow", "Action": reads[:20], "Resource": "*"})
    assert documents.escalates(few) == ()
    many = policy({"Effect": "Allow", "Action": reads, "Resource": "*"})
    assert documents.escalates(many) == (actions.TOO_COMPLEX,)
    long = [f"oss:Get{n}*" for n in range(900)]
    document = policy({"Effect": "Allow", "Action": long, "Resource": "*"})
    assert documents.escalates(document) == ()


def test_one_pattern_that_takes_too_long_may_be_anything() -> None:
    hostile = f"ram:{'*a?b' * 60}*c"
    found = actions.classify(hostile, Budget())
    assert found.known or len(found.rows) > 40
    document = policy({"Effect": "Allow", "Action": hostile, "Resource": "*"})
    assert documents.escalates(document)
    nots = tuple(f"*{'a?' * 30}{n}*" for n in range(60))
    document = policy({"Effect": "Allow", "NotAction": [*nots, "ram:*"], "Resource": "*"})
    assert documents.escalates(document)


def test_a_not_action_that_takes_too_long_leaves_everything_in() -> None:
    hostile = [f"*r*a*m*{n}*:*x*y*z*" for n in range(900)]
    document = policy({"Effect": "Allow", "NotAction": hostile, "Resource": "*"})
    assert not actions.classify_all_but(tuple(hostile), Budget()).known
    assert documents.escalates(document)
