"""The table of kinds: what a row must have so that the loop needs no branch on a kind."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ram_operator import documents
from ram_operator.kinds import entries, table
from ram_operator.kinds.guarded import GATED, Verb, kinds_of
from ram_operator.kinds.schema import Field, Kind, Shape
from ram_operator.kinds.table import KINDS
from ram_operator.model.objects import Entry
from tests.structure.pure import ROOT
from tests.unit.core import POLICY, ROLE, trust, trust_json

FIELDS = [(row, field) for row in KINDS.values() for field in row.fields]
IDS = [f"{row.kind}.{field.name}" for row, field in FIELDS]


@pytest.mark.parametrize("row", KINDS.values(), ids=KINDS)
def test_a_row_is_complete(row: Kind) -> None:
    names = [field.name for field in row.fields]
    assert len(set(names)) == len(names)
    assert row.tag_field in ("", *names)
    assert {field.read for field in row.fields} == {"get", *row.reads}
    assert sum(field.gated for field in row.fields) <= 1
    assert {reference.kind for reference in row.references} <= KINDS.keys()
    assert {reference.spec for reference in row.references} <= set(names)
    assert table.PLURALS[row.kind] == row.plural


@pytest.mark.parametrize(("row", "field"), FIELDS, ids=IDS)
def test_a_field_has_the_verbs_of_its_shape(row: Kind, field: Field) -> None:
    if field.shape is Shape.ENTRIES:
        assert not field.write
        assert bool(field.add) >= bool(field.spec)
    else:
        assert not any((field.add, field.remove, field.foreign, field.entries_widen))
        assert bool(field.write) != field.gated or field.shape is Shape.TRUST
    assert not (field.required and field.default is not None)
    assert field.gated == (field.shape is Shape.TRUST)
    assert row.field(field.name) is field


def test_only_the_trust_of_a_role_is_gated() -> None:
    assert ROLE.gated_field is ROLE.field("trustPolicy")
    assert POLICY.gated_field is None


@pytest.mark.parametrize("row", KINDS.values(), ids=KINDS)
def test_the_schema_has_each_field_and_the_names_pattern(row: Kind) -> None:
    crd = yaml.safe_load((ROOT / "crds" / f"{row.plural}.yaml").read_text())
    (version,) = crd["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert {field.spec for field in row.fields if field.spec} <= spec["properties"].keys()
    pattern = spec["properties"][row.name_field]["pattern"]
    assert pattern.partition("$^|")[2] == f"^{row.name_pattern.pattern}$"
    required = {field.spec for field in row.fields if field.required}
    assert required == set(spec.get("required", ()))
    assert row.short in crd["spec"]["names"]["shortNames"]


def parse(row: Kind, name: str, raw: Any) -> Any:
    return row.field(name).parse(raw)


def test_values_are_parsed_by_shape() -> None:
    assert parse(ROLE, "description", "text") == "text"
    assert parse(ROLE, "maxSessionDurationSeconds", 3600) == 3600
    found = parse(ROLE, "trustPolicy", trust_json(("Service", "fc.aliyuncs.com")))
    assert found.digest == trust(("Service", "fc.aliyuncs.com")).digest
    allow = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    document = parse(POLICY, "document", {"Version": "1", "Statement": [allow]})
    assert isinstance(document, documents.Policy)


@pytest.mark.parametrize("raw", [True, "3600", 1.5, None])
def test_a_number_is_a_whole_number(raw: Any) -> None:
    with pytest.raises(TypeError):
        parse(ROLE, "maxSessionDurationSeconds", raw)


def test_attachments_are_folded_by_name_and_kept_as_spelled() -> None:
    items = [{"type": "System", "name": "ReadOnlyAccess"}, {"type": "Custom", "name": "App"}]
    assert entries.policy_entries(items) == {
        "System/readonlyaccess": Entry("System/ReadOnlyAccess"),
        "Custom/app": Entry("Custom/App"),
    }
    assert [entries.policy_key(i["type"], i["name"]) for i in items] == [
        "System/readonlyaccess",
        "Custom/app",
    ]


def test_tags_keep_the_case_of_their_keys() -> None:
    assert entries.tag_entries({"Team": "a", "team": ""}) == {
        "Team": Entry("Team", "a"),
        "team": Entry("team"),
    }


def test_a_verb_is_for_each_kind_once_whatever_it_guards_there() -> None:
    assert kinds_of(Verb.APPROVE) == GATED
    assert kinds_of(Verb.CONFIGURE) == (table.ACCOUNT,)


def test_an_identity_has_an_arn_of_its_own_whether_or_not_a_trust_can_name_it() -> None:
    found = {row.noun: row.own_arn("1", "Ann") for row in KINDS.values()}
    assert found == {noun: f"acs:ram::1:{noun}/Ann" for noun in found}
