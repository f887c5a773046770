"""How the plugin of kubectl shows a change, and what it makes of the API server's refusals."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ram_operator import times
from ram_operator.cli import arguments, rendering, screen, targets
from ram_operator.cli.outcomes import Exit, Failed
from ram_operator.cli.refusals import Answer, explain
from ram_operator.cli.waiting import Waiting, read
from ram_operator.kinds.table import KINDS
from tests.structure.pure import ROOT

Json = dict[str, Any]
NOW = times.seconds("2026-11-24T12:00:00Z")
DIGEST = "sha256:" + "ab" * 32
PLAIN = screen.Paint(False)
TARGET = targets.Target("identity", "RamRole", "alpha")


def waiting(**pending: Any) -> Waiting:
    status = {"pending": {"kind": "TrustChange", "digest": DIGEST, **pending}}
    meta = {"name": "alpha", "namespace": "identity", "resourceVersion": "7"}
    found = read({"metadata": meta, "status": status}, "RamRole")
    assert found is not None
    return found


def text(**pending: Any) -> str:
    return rendering.text(waiting(**pending), NOW, PLAIN)


def test_a_change_without_anything_is_still_shown() -> None:
    shown = text()
    assert shown.count("  nobody") == 2
    assert "none is broken" in shown
    assert "The change is too long to be shown" in shown
    assert "asked by  (unknown)" in shown


def test_what_is_spelled_alike_says_so() -> None:
    same = '{"a": 1}'
    assert "What is spelled is the same" in text(before=same, after=same)


def test_a_new_state_has_no_before() -> None:
    lines = text(after='{"trustPolicy": {"Version": "1"}}').splitlines()
    assert lines[-2:] == ["+trustPolicy:", "+  Version: '1'"]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ('{"a": 1, "a": 2}', '+{"a": 1, "a": 2}'),
        ("{no json", "+{no json"),
        ("[" * 3000, "+" + "[" * 3000),
        ('{"a": "\\u0430"}', '+a: "\\u0430"'),
        ('{"a": "x\\u001b[2J"}', '+a: "x\\e[2J"'),
    ],
    ids=["key-twice", "no-json", "deep", "look-alike", "escape"],
)
def test_no_state_can_hide_what_it_is(state: str, shown: str) -> None:
    assert text(after=state).splitlines()[-1] == shown


def test_a_status_of_wrong_types_is_read_as_absent() -> None:
    odd = waiting(gains="all", findings=[1, {"id": 5}], digest=7, since=3, before=["x"])
    assert (odd.pending.gains, odd.pending.digest, odd.pending.since) == ((), "", "")
    assert odd.pending.findings[0].id == ""
    rendering.text(odd, NOW, PLAIN)
    assert read({"metadata": {}, "status": {"pending": []}}, "RamRole") is None
    assert read({}, "RamRole") is None


def test_expiry_and_age() -> None:
    shown = text(since="2026-11-24T09:00:00Z", expires="2026-11-24T11:00:00Z")
    assert "waiting   3h, since 2026-11-24T09:00:00Z" in shown
    assert "expired 60m ago" in shown
    row = rendering.listing([waiting(expires="2026-11-24T11:00:00Z")], NOW, namespaces=False)
    assert "expired" in row


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {}, True, False),
    ],
)
def test_when_there_are_colours(
    choice: str, environment: dict[str, str], terminal: bool, coloured: bool
) -> None:
    assert screen.wants_colour(choice, environment, terminal) is coloured


def test_the_short_names_are_those_of_the_kinds() -> None:
    assert set(targets.SHORT_NAMES) == set(KINDS)
    for kind, short in targets.SHORT_NAMES.items():
        crd = yaml.safe_load((ROOT / "crds" / f"{KINDS[kind].plural}.yaml").read_text())
        assert crd["spec"]["names"]["shortNames"] == [short]


@pytest.mark.parametrize(
    "word", ["alpha", "pod/alpha", "ramrole/", "ramrole/A", "ramrole/a/b", "/"]
)
def test_what_names_no_object(word: str) -> None:
    with pytest.raises(Failed):
        targets.parse(word, "identity")


VAP = (
    "ramroles.ram.alibabacloud.com \"alpha\" is forbidden: ValidatingAdmissionPolicy 'ram-approve'"
)
DENIED = f"{VAP} with binding 'ram-approve' denied request: "


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(401, "Unauthorized"), Exit.FAILED, ("does not know you",)),
        (
            Answer(
                403, DENIED + "eve may not approve: it was changed by eve, and no author approves"
            ),
            Exit.REFUSED,
            ("no author approves", "Ask somebody else", "the admission policy ram-approve"),
        ),
        (
            Answer(403, DENIED + "eve may not approve: that takes the verb approve on ramroles"),
            Exit.REFUSED,
            ("does not let you approve ramrole/alpha", "can-i approve ramroles -n identity"),
        ),
        (
            Answer(422, DENIED + "failed to configure binding: no params found for policy binding"),
            Exit.REFUSED,
            ("The ConfigMap ram-approvers in ram-system is missing",),
        ),
        (
            Answer(403, DENIED + "because"),
            Exit.REFUSED,
            ("approve ramrole/alpha: because\n(said by",),
        ),
        (
            Answer(403, 'admission webhook "w.example" denied the request: no'),
            Exit.REFUSED,
            ("no", "w.example"),
        ),
        (
            Answer(403, 'x is forbidden: User "eve" cannot patch resource "ramroles" in API group'),
            Exit.REFUSED,
            ("eve lacks the right to patch ramroles in namespace identity",),
        ),
        (Answer(403, "no"), Exit.REFUSED, ("you may not approve ramrole/alpha: no",)),
        (Answer(404, '"alpha" not found'), Exit.FAILED, ("there is no ramrole/alpha",)),
        (
            Answer(404, "the server could not find the requested resource"),
            Exit.FAILED,
            ("does not have the kinds",),
        ),
        (Answer(500, "oops"), Exit.FAILED, ("answered 500: oops",)),
    ],
)
def test_refused_writes_say_what_to_do(answer: Answer, code: Exit, words: tuple[str, ...]) -> None:
    error = explain(answer, TARGET, "approve")
    assert error.code == code
    for word in words:
        assert word in str(error)


def test_the_reference_is_what_the_command_line_says() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "cli_reference.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


LATER = {
    "2026-12-01T12:00:00Z": "in 7d",
    "2026-12-01T11:58:00Z": "in 7d",
    "2026-11-30T12:00:00Z": "in 6d",
    "2026-11-24T13:00:00Z": "in 60m",
}


@pytest.mark.parametrize(("expires", "shown"), LATER.items())
def test_a_fresh_offer_has_seven_days(expires: str, shown: str) -> None:
    assert f"{shown}, at" in text(expires=expires)
    row = rendering.listing([waiting(expires=expires)], NOW, namespaces=False)
    assert shown in row


def test_an_approval_of_another_change_is_said_to_be_one() -> None:
    stale = replace(waiting(), approve="sha256:" + "cd" * 32)
    for each in (stale, waiting(voided="ApprovalStale")):
        shown = rendering.text(each, NOW, PLAIN)
        assert "the approval on the object is for another change" in shown
    assert "another change" not in rendering.text(replace(stale, approve=DIGEST), NOW, PLAIN)
    assert "does not count: AdmissionPolicyMissing" in text(voided="AdmissionPolicyMissing")


@pytest.mark.parametrize(
    ("end", "where"),
    [
        (' in the namespace "shop"', "in namespace shop: eve lacks that right"),
        (" at the cluster scope", "in all namespaces: eve lacks that right"),
    ],
)
def test_who_may_not_list_is_told_where_and_the_ways_on(end: str, where: str) -> None:
    message = (
        'ramroles.ram.alibabacloud.com is forbidden: User "eve" cannot list resource "ramroles"'
        f' in API group "ram.alibabacloud.com"{end}'
    )
    said = str(explain(Answer(403, message), None, "list ramroles, all"))
    assert said.startswith(f"you may not list ramroles {where}\n")
    assert "-n" in said
    assert "-A" in said


WORDS = {
    ("show", "ramrole/x"): "ramrole/x",
    ("show", "ramrole", "x"): "ramrole/x",
    ("show", "ramrole", "-n", "a", "x"): "ramrole/x",
    ("-n", "a", "show", "ramrole", "x"): "ramrole/x",
    ("--as", "eve", "show", "-n", "a", "arr", "x"): "arr/x",
}


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_an_object_is_written_as_for_kubectl(words: tuple[str, ...]) -> None:
    parsed = arguments.parse("kubectl ram", words)
    assert parsed.object == WORDS[words]
    assert parsed.namespace == ("a" if "-n" in words else "")
    assert parsed.user == ("eve" if "--as" in words else "")


def test_flags_of_the_cluster_count_where_they_stand_last() -> None:
    said = ("-n", "a", "--as", "eve", "--as-group", "x", "pending", "-n", "b", "--as-group", "y")
    parsed = arguments.parse("kubectl ram", said)
    assert (parsed.namespace, parsed.user, parsed.groups) == ("b", "eve", ["y"])
    assert arguments.parse("kubectl ram", ("pending",)).request_timeout == 30.0


@pytest.mark.parametrize(
    "words",
    [
        ("show", "ramrole/x", "y"),
        ("show", "ramrole", "x", "y"),
        ("show", "ramrole", "x", "--what"),
        ("pending", "x"),
        ("-n", "a"),
    ],
    ids=" ".join,
)
def test_what_is_no_command_line_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse("kubectl ram", words)
    assert caught.value.code == 2
