"""The patch of Argo CD's configuration, and what its actions send to a real API server."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.support import APPROVE, DIGEST, GROUP, OTHER, PLURALS, REJECT, Desk
from tests.support.lua import ScriptFailed, cleaned, merge_patch, run

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
ARGOCD = ROOT / "deploy" / "argocd"
CONFIG: dict[str, str] = yaml.safe_load((ARGOCD / "argocd-cm.yaml").read_text())["data"]
KINDS = (*PLURALS, "RamAccount")
RECONCILE = f"{GROUP}/reconcile-requested-at"


def actions(kind: str) -> Json:
    found = yaml.safe_load(CONFIG[f"resource.customizations.actions.{GROUP}_{kind}"])
    scripts = {each["name"]: each["action.lua"] for each in found["definitions"]}
    return {"discovery": found["discovery.lua"], **scripts}


def press(desk: Desk, name: str, action: str, parameters: dict[str, str] | None = None) -> Json:
    """What Argo CD does for a button: the script on the live object, and a merge patch of it."""
    live = desk.get(name)
    returned = cleaned(run(actions("RamRole")[action], live, parameters), live)
    patch: Json = merge_patch(live, returned)
    path = desk.path("RamRole", name)
    # Whoever sends it may approve, and is not the author: a listed ServiceAccount in real life.
    desk.as_person("carol", path, patch, "application/merge-patch+json")
    return patch


def enabled(item: Json) -> set[str]:
    found = run(actions("RamRole")["discovery"], item)
    assert set(found) == {"approve", "reject", "reconcile"}
    return {name for name, each in found.items() if not each["disabled"]}


def test_the_configuration_is_written_from_the_scripts() -> None:
    script = ROOT / "scripts" / "argocd_config.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_kind_has_health_and_actions() -> None:
    expected = {
        f"resource.customizations.{what}.{GROUP}_{kind}"
        for kind in KINDS
        for what in ("health", "actions")
    }
    assert set(CONFIG) == expected
    assert len({CONFIG[f"resource.customizations.health.{GROUP}_{kind}"] for kind in KINDS}) == 1
    assert set(actions("RamAccount")) == {"discovery", "reconcile"}
    assert set(run(actions("RamAccount")["discovery"], {"metadata": {}})) == {"reconcile"}


@pytest.mark.parametrize("pending", [{}, {"verdict": "wider"}], ids=["mixed", "wider"])
def test_approving_writes_the_digest_and_nothing_else(desk: Desk, pending: Json) -> None:
    before = desk.waits("alpha", **pending)
    assert enabled(before) == {"approve", "reject", "reconcile"}
    assert press(desk, "alpha", "approve") == {"metadata": {"annotations": {APPROVE: DIGEST}}}
    after = desk.get("alpha")
    assert after["metadata"]["annotations"][APPROVE] == DIGEST
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])
    assert enabled(after) == {"reject", "reconcile"}
    desk.offer("alpha", digest=OTHER)
    assert enabled(desk.get("alpha")) == {"approve", "reject", "reconcile"}


def test_rejecting_names_digest_and_reason(desk: Desk) -> None:
    desk.waits("alpha")
    press(desk, "alpha", "reject", {"reason": "not before the audit"})
    assert desk.annotations("alpha")[REJECT] == f"{DIGEST} not before the audit"
    for parameters in (None, {}, {"reason": ""}):
        press(desk, "alpha", "reject", parameters)
        assert desk.annotations("alpha")[REJECT] == f"{DIGEST} rejected in Argo CD"


def test_looking_now_needs_no_change_that_waits(desk: Desk) -> None:
    desk.waits("alpha")
    desk.as_operator("alpha", "RamRole", {"status": {"pending": None}})
    assert enabled(desk.get("alpha")) == {"reconcile"}
    patch = press(desk, "alpha", "reconcile")
    stamp = patch["metadata"]["annotations"][RECONCILE]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
    assert abs(time.time() - time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))) < 14 * 3600


def test_what_cannot_be_answered_is_said(desk: Desk) -> None:
    """A button may be pressed on an older view: the script decides again."""
    item = desk.waits("alpha", rejected="no")
    assert enabled(item) == {"reject", "reconcile"}
    with pytest.raises(ScriptFailed, match="only a person approves it, by kubectl ram: no"):
        run(actions("RamRole")["approve"], item)
    for status in ({}, {"pending": {"kind": "TrustChange"}}):
        for action in ("approve", "reject"):
            with pytest.raises(ScriptFailed, match="no change waits"):
                run(actions("RamRole")[action], {"metadata": {}, "status": status})
    with pytest.raises(ScriptFailed, match="no change waits"):
        run(actions("RamRole")["approve"], {"metadata": {}})


def test_the_examples_keep_ram_objects_apart() -> None:
    application = yaml.safe_load((ARGOCD / "application.yaml").read_text())
    project = yaml.safe_load((ARGOCD / "project.yaml").read_text())
    flux = yaml.safe_load((ROOT / "deploy" / "flux" / "identities.yaml").read_text())
    assert application["spec"]["project"] == project["metadata"]["name"]
    assert int(application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) > 0
    common = application["spec"]["source"]["kustomize"]["commonAnnotations"]
    assert common == {"argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm"}
    refused = {each["kind"] for each in project["spec"]["clusterResourceBlacklist"]}
    assert refused == {"RamRecord", "RamAccount"}
    allowed = {each["kind"] for each in project["spec"]["namespaceResourceWhitelist"]}
    assert allowed == set(PLURALS)
    assert (flux["spec"]["wait"], flux["spec"]["prune"], flux["spec"]["force"]) == (False,) * 3
