"""Which approvals outlive a synchronisation by Argo CD or Flux: their requests, replayed.

Argo CD applies as kubectl does, or by server-side apply as argocd-controller. Flux first makes its
own what a manager named kubectl* wrote, and then applies as kustomize-controller, which drops what
git lacks.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import RequestFailed
from tests.cli.support import API, APPROVE, DIGEST, TRUST, Desk

Json = dict[str, Any]
ARGO = "argocd-controller"
FLUX = "kustomize-controller"
# Objects are made by the administrator. Whoever applies them again may approve and is no author,
# so that admission lets an approval pass, whichever way it comes.
APPLIER = "carol"


def git(desk: Desk, **annotations: str) -> Json:
    """The manifest in the repository."""
    notes = {"team": "shop", **annotations}
    return {
        "apiVersion": API,
        "kind": "RamRole",
        "metadata": {"name": "alpha", "namespace": desk.namespace, "annotations": notes},
        "spec": {"trustPolicy": copy.deepcopy(TRUST), "description": "from git"},
    }


def exists(desk: Desk) -> bool:
    try:
        desk.get("alpha")
    except RequestFailed as error:
        if error.status != 404:
            raise
        return False
    return True


def server_side(desk: Desk, manifest: Json, manager: str, *, dry: bool = False) -> Json:
    query = f"?fieldManager={manager}&force=true" + ("&dryRun=All" if dry else "")
    path, form = desk.path("RamRole", "alpha") + query, "application/apply-patch+yaml"
    if exists(desk):
        return desk.as_person(APPLIER, path, manifest, form)
    return desk.cluster.request("PATCH", path, manifest, content_type=form)


def argo_server_side(desk: Desk, manifest: Json) -> None:
    server_side(desk, manifest, ARGO)


def argo_client_side(desk: Desk, manifest: Json) -> None:
    arguments = ("apply", "-f", "-", f"--field-manager={ARGO}")
    kubeconfig = desk.cluster.kubeconfig_for_user(APPLIER) if exists(desk) else None
    desk.cluster.kubectl(*arguments, stdin=json.dumps(manifest), kubeconfig=kubeconfig)


def flux(desk: Desk, manifest: Json) -> None:
    """Takes over the entries of kubectl*, then applies."""
    entries = desk.get("alpha")["metadata"]["managedFields"] if exists(desk) else []
    mine: Json = {}
    others = []
    for entry in entries:
        taken = entry["manager"].startswith("kubectl") and not entry.get("subresource")
        if taken or (entry["manager"], entry["operation"]) == (FLUX, "Apply"):
            mine = {**entry, "fieldsV1": _union(mine.get("fieldsV1", {}), entry["fieldsV1"])}
        else:
            others.append(entry)
    if mine:
        mine |= {"manager": FLUX, "operation": "Apply"}
        value = [*others, mine]
        patch = [{"op": "replace", "path": "/metadata/managedFields", "value": value}]
        path = desk.path("RamRole", "alpha") + f"?fieldManager={FLUX}"
        desk.as_person(APPLIER, path, patch, "application/json-patch+json")
    server_side(desk, manifest, FLUX)


def _union(one: Json, other: Json) -> Json:
    both = {key: _union(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **both}


Sync = Callable[[Desk, Json], None]
SYNCS: dict[str, Sync] = {
    "argo-server-side": argo_server_side,
    "argo-client-side": argo_client_side,
    "flux": flux,
}


def by_plugin(desk: Desk) -> None:
    assert desk.ram("approve", "ramrole/alpha", "--yes").code == 0


def as_carol(desk: Desk, *arguments: str, stdin: str | None = None) -> None:
    kubeconfig = desk.cluster.kubeconfig_for_user(APPLIER)
    desk.cluster.kubectl(*arguments, stdin=stdin, kubeconfig=kubeconfig)


def by_annotate(desk: Desk, *more: str) -> None:
    note = f"{APPROVE}={DIGEST}"
    as_carol(desk, "annotate", "ramrole/alpha", note, "-n", desk.namespace, *more)


def by_annotate_as_another(desk: Desk) -> None:
    by_annotate(desk, "--field-manager=ram-operator-approver")


def by_apply(desk: Desk) -> None:
    manifest = git(desk, **{APPROVE: DIGEST})
    as_carol(desk, "apply", "-f", "-", stdin=json.dumps(manifest))


def by_action(desk: Desk) -> None:
    """Argo CD's own button: a merge patch under the name of its HTTP client."""
    path = desk.path("RamRole", "alpha") + "?fieldManager=argocd-server"
    note = {"metadata": {"annotations": {APPROVE: DIGEST}}}
    desk.as_person(APPLIER, path, note, "application/merge-patch+json")


SURVIVES: dict[tuple[str, Callable[[Desk], None]], bool] = {
    # (sync, way): whether the approval is there after the next synchronisation
    ("argo-server-side", by_plugin): True,
    ("argo-client-side", by_plugin): True,
    ("flux", by_plugin): True,
    ("argo-server-side", by_annotate): True,
    ("argo-client-side", by_annotate): True,
    ("flux", by_annotate): False,
    ("flux", by_annotate_as_another): True,
    ("argo-client-side", by_apply): False,
    ("flux", by_apply): False,
    ("argo-server-side", by_action): True,
    ("flux", by_action): True,
}


@pytest.mark.parametrize(
    ("sync", "way"), SURVIVES, ids=lambda part: part if isinstance(part, str) else part.__name__
)
def test_what_is_left_of_an_approval(desk: Desk, sync: str, way: Callable[[Desk], None]) -> None:
    apply = SYNCS[sync]
    apply(desk, git(desk))
    desk.offer("alpha")
    way(desk)
    assert desk.annotations("alpha")[APPROVE] == DIGEST
    for _ in range(2):
        apply(desk, git(desk))
    after = desk.annotations("alpha")
    assert (APPROVE in after) is SURVIVES[sync, way]
    assert after["team"] == "shop"


@pytest.mark.parametrize("sync", SYNCS)
def test_an_edit_in_git_leaves_an_approval(desk: Desk, sync: str) -> None:
    """It is another change then, with another digest; the annotation does not matter any more."""
    SYNCS[sync](desk, git(desk))
    desk.offer("alpha")
    by_plugin(desk)
    edited = git(desk)
    edited["spec"]["description"] = "edited in git"
    SYNCS[sync](desk, edited)
    item = desk.get("alpha")
    assert item["spec"]["description"] == "edited in git"
    assert item["metadata"]["annotations"][APPROVE] == DIGEST


def test_an_approval_is_no_difference_to_git(desk: Desk) -> None:
    """Server-side diff: what git asks for, tried on the live object, gives the live object."""
    server_side(desk, git(desk), ARGO)
    desk.offer("alpha")
    by_plugin(desk)
    tried = server_side(desk, git(desk), ARGO, dry=True)
    live = desk.get("alpha")
    for each in (tried, live):
        each["metadata"].pop("managedFields")
    assert tried == live


@pytest.mark.parametrize("sync", SYNCS)
def test_an_approval_in_git_is_applied_again_without_a_write(desk: Desk, sync: str) -> None:
    """Silent: the object does not change, so that nobody who watches it hears of anything."""
    manifest = git(desk, **{APPROVE: DIGEST})
    SYNCS[sync](desk, git(desk))
    desk.offer("alpha")
    SYNCS[sync](desk, manifest)
    before = desk.get("alpha")["metadata"]["resourceVersion"]
    for _ in range(3):
        SYNCS[sync](desk, manifest)
    item = desk.get("alpha")
    assert item["metadata"]["resourceVersion"] == before
    assert item["metadata"]["annotations"][APPROVE] == DIGEST
    desk.cluster.kubectl("annotate", "ramrole/alpha", f"{APPROVE}-", "-n", desk.namespace)
    SYNCS[sync](desk, manifest)
    assert desk.annotations("alpha")[APPROVE] == DIGEST, "self-heal puts git's word back"
    SYNCS[sync](desk, git(desk))
    assert APPROVE not in desk.annotations("alpha"), "and takes it away with git"


def test_a_replacement_takes_the_approval_along(desk: Desk, tmp_path: Path) -> None:
    """Argo CD's Replace=true: harmless, since the change is held as before, and a nuisance."""
    server_side(desk, git(desk), ARGO)
    desk.offer("alpha")
    by_plugin(desk)
    file = tmp_path / "alpha.json"
    file.write_text(json.dumps(git(desk)))
    desk.cluster.kubectl("replace", "-f", file)
    assert APPROVE not in desk.annotations("alpha")
    assert desk.get("alpha")["status"]["pending"]["digest"] == DIGEST
