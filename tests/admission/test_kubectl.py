"""An approval by each command of kubectl, as people and tools give it."""

from __future__ import annotations

import json
from typing import Final

import pytest
import yaml

from tests.admission.objects import D1, PREFIX, Bench, manifest, stamps

KEY: Final = f"{PREFIX}approve"
COMMANDS: Final = {
    "annotate": ["annotate", "RESOURCE", "NAME", f"{KEY}={D1}"],
    "patch-merge": [
        *("patch", "RESOURCE", "NAME", "--type=merge", "-p"),
        json.dumps({"metadata": {"annotations": {KEY: D1}}}),
    ],
    "patch-json": [
        *("patch", "RESOURCE", "NAME", "--type=json", "-p"),
        json.dumps(
            [{"op": "add", "path": f"/metadata/annotations/{KEY.replace('/', '~1')}", "value": D1}]
        ),
    ],
    "apply": ["apply", "-f", "-"],
    "apply-server-side": ["apply", "--server-side", "--force-conflicts", "-f", "-"],
    "replace": ["replace", "-f", "-"],
    "replace-force": ["replace", "--force", "-f", "-"],
    "dry-run": ["apply", "--dry-run=server", "-f", "-"],
}
REFUSED: Final = {
    "author": "that takes the verb approve",
    "chief": "no author approves",
    "argocd": "a ServiceAccount approves only if",
}
APPROVE: Final = ("approver", "argocd-server")
BY_PATCH: Final = ("annotate", "patch-merge", "patch-json")


def _run(bench: Bench, who: str, how: str) -> tuple[int, str]:
    """The object was made, and is sent, with the same spec; only the annotation is new."""
    body = manifest("RamRole", "default", bench.name, annotations={"approve": D1})
    words = {"RESOURCE": "ramroles.ram.alibabacloud.com", "NAME": bench.name}
    command = [words.get(word, word) for word in COMMANDS[how]]
    person = bench.people[who]
    result = person.cluster.kubectl(
        *command,
        stdin=yaml.safe_dump(body) if "-" in command else None,
        kubeconfig=person.kubeconfig,
        check=False,
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize("how", COMMANDS)
@pytest.mark.parametrize("who", REFUSED)
def test_refused_whatever_the_command(role_bench: Bench, who: str, how: str) -> None:
    role_bench.do({"by": "chief", "how": "create"})
    code, said = _run(role_bench, who, how)
    assert code == 1
    if how == "replace-force":
        # The object is gone by then, so that whoever makes it anew is the author.
        assert "ValidatingAdmissionPolicy 'ram-approve'" in said
        return
    assert REFUSED[who] in said
    assert stamps(role_bench.get()) == (["chief"], None)


@pytest.mark.parametrize(
    ("who", "how"),
    [
        *(("approver", how) for how in BY_PATCH),
        *(("argocd-server", how) for how in COMMANDS if how != "replace-force"),
        *(("flux", how) for how in COMMANDS),
    ],
)
def test_taken_from_who_may_whatever_the_command(role_bench: Bench, who: str, how: str) -> None:
    role_bench.do({"by": "author", "how": "create"})
    code, said = _run(role_bench, who, how)
    assert code == 0, said
    approver = None if how == "dry-run" else who
    author = who if how == "replace-force" else "author"
    assert stamps(role_bench.get()) == ([author], approver)


def test_an_approver_who_makes_the_object_anew_is_its_author(role_bench: Bench) -> None:
    role_bench.do({"by": "author", "how": "create"})
    code, said = _run(role_bench, "argocd-server", "replace-force")
    assert code == 1
    assert "no author approves" in said


@pytest.mark.parametrize("strategy", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_what_was_stamped_is_no_difference(role_bench: Bench, strategy: list[str]) -> None:
    """A tool that compares its manifest with what is stored finds nothing to do."""
    author = role_bench.people["author"]
    text = yaml.safe_dump(manifest("RamRole", "default", role_bench.name))

    def kubectl(*words: str) -> str:
        return author.cluster.kubectl(
            *words, *strategy, "-f", "-", stdin=text, kubeconfig=author.kubeconfig
        ).stdout

    kubectl("apply")
    role_bench.do({"by": "approver", "approve": D1})
    version = role_bench.get()["metadata"]["resourceVersion"]
    kubectl("apply")
    assert kubectl("diff") == ""
    after = role_bench.get()
    assert after["metadata"]["resourceVersion"] == version
    assert stamps(after) == (["author"], "approver")
