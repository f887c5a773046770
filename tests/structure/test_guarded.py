"""The one list of kinds and annotations: complete, and in all that is shipped and written of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from ram_operator import constants
from ram_operator.cluster.guard import shipped
from ram_operator.kinds import guarded
from ram_operator.kinds.guarded import ANNOTATIONS, GATED, STAMPS, Verb, Writer, kinds_of
from ram_operator.kinds.schema import Kind
from ram_operator.kinds.table import ACCOUNT, KINDS, PLURALS
from tests.structure.pure import ROOT

Json = dict[str, Any]
DEPLOY: Final = ROOT / "deploy"
POLICIES: Final = sorted((DEPLOY / "admission").glob("ram-*.yaml"))
OTHERS: Final = (
    DEPLOY / "admission" / "variants" / "no-stamps" / "kustomization.yaml",
    DEPLOY / "kustomize" / "base" / "rbac-users.yaml",
)
GIVEN: Final = re.compile(r"^ *# written from the list: .*?^ *# end of the list$", re.M | re.S)
MARK: Final = re.compile(rf"{re.escape(constants.GROUP)}/[a-z-]+")


def is_gated(row: Kind) -> bool:
    return any(field.gated or field.escalates for field in row.fields)


def test_every_kind_with_a_gated_field_is_in_the_list() -> None:
    assert {kind for kind, row in KINDS.items() if is_gated(row)} <= set(GATED)
    assert set(kinds_of(Verb.APPROVE)) == set(GATED)
    assert kinds_of(Verb.CONFIGURE) == (ACCOUNT,)


def test_every_annotation_is_in_the_list_once() -> None:
    names = [value for name, value in vars(constants).items() if name.startswith("ANNOTATION_")]
    assert sorted(row.name for row in ANNOTATIONS) == sorted(names)
    assert set(constants.WATCHED_ANNOTATIONS) <= {row.name for row in ANNOTATIONS}


def test_who_wrote_what_takes_a_verb_is_stamped() -> None:
    """Otherwise nobody would know who approved or rejected."""
    said = {row.name for row in ANNOTATIONS if guarded.VERB.get(row.writer) is Verb.APPROVE}
    assert said <= {stamp.of for stamp in STAMPS}
    for stamp in STAMPS:
        (row,) = (row for row in ANNOTATIONS if row.name == stamp.annotation)
        assert (row.writer, row.kinds) == (Writer.ADMISSION, GATED)


def test_what_is_written_from_it_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "guarded_lists.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def rules(where: str) -> list[str]:
    (rule,) = shipped()[where]["matchConstraints"]["resourceRules"]
    return sorted(rule["resources"])


def test_the_guard_that_the_operator_looks_for_names_all_of_it() -> None:
    base = "/apis/admissionregistration.k8s.io/v1/"
    gated = sorted(PLURALS[kind] for kind in GATED)
    assert rules(f"{base}mutatingadmissionpolicies/ram-stamp") == gated
    assert rules(f"{base}validatingadmissionpolicies/ram-approve") == gated
    assert rules(f"{base}validatingadmissionpolicies/ram-configure") == [PLURALS[ACCOUNT]]
    stamp = str(shipped()[f"{base}mutatingadmissionpolicies/ram-stamp"])
    approve = str(shipped()[f"{base}validatingadmissionpolicies/ram-approve"])
    configure = str(shipped()[f"{base}validatingadmissionpolicies/ram-configure"])
    for row in ANNOTATIONS:
        where = {Verb.APPROVE: approve, Verb.CONFIGURE: configure}
        if verb := guarded.VERB.get(row.writer):
            assert f"'{row.name}'" in where[verb]
    for each in STAMPS:
        assert f"/{each.annotation.replace('/', '~1')}'" in stamp


def test_each_verb_is_given_by_a_role_for_exactly_its_kinds() -> None:
    given: dict[str, list[str]] = {}
    for body in yaml.safe_load_all(OTHERS[1].read_text()):
        for rule in body["rules"]:
            for verb in set(rule["verbs"]) & set(Verb):
                given.setdefault(verb, []).extend(rule["resources"])
    assert {verb: sorted(found) for verb, found in given.items()} == {
        str(verb): sorted(PLURALS[kind] for kind in kinds_of(verb)) for verb in Verb
    }


@pytest.mark.parametrize("path", [*POLICIES, *OTHERS], ids=lambda path: path.stem)
def test_no_rule_names_an_annotation_of_its_own(path: Path) -> None:
    """What stands outside of the written parts may speak of one to people, and no more."""
    text = GIVEN.sub("", path.read_text())
    rest = re.sub(r"^ *#.*$", "", text, flags=re.M)
    quoted = [mark for mark in re.findall(r"'([^' ]+)'", rest) if MARK.fullmatch(mark)]
    assert quoted == []
