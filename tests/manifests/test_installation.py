"""The installation and the samples as a whole: what is rendered, accepted, and stays unchanged."""

from __future__ import annotations

import pytest
import yaml

from lab import Cluster
from tests.manifests.support import BASE, MANAGED, ROOT, SAMPLES, Json, holds, load_all

# In the order of a person who follows the story.
_FOLDERS = (SAMPLES, SAMPLES / "people", SAMPLES / "programs")


def _render(cluster: Cluster, folder: object) -> list[Json]:
    text = cluster.kubectl("kustomize", str(folder)).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def test_the_base_holds_all_that_is_shipped(control_plane: Cluster) -> None:
    rendered = {(item["kind"], item["metadata"]["name"]) for item in _render(control_plane, BASE)}
    shipped = {
        (item["kind"], item["metadata"]["name"])
        for folder in (ROOT / "crds", BASE, ROOT / "deploy" / "admission")
        for file in sorted(folder.glob("*.yaml"))
        if file.name != "kustomization.yaml"
        for item in load_all(file)
    }
    assert rendered == shipped


def test_the_pod_is_restricted(installed: Cluster, namespace: str) -> None:
    """Asks the API server itself: a namespace that enforces the restricted level takes the pod."""
    labels = load_all(BASE / "namespace.yaml")[0]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    installed.kubectl(
        "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"
    )
    (deployment,) = (item for item in load_all(BASE / "deployment.yaml"))
    template = deployment["spec"]["template"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    assert installed.request("POST", path, pod)["metadata"]["name"] == "x"
    (container,) = template["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.usefixtures("no_samples")
@pytest.mark.parametrize("strategy", [[], ["--server-side"]], ids=["client-side", "server-side"])
def test_samples_are_accepted_and_show_no_difference(
    installed: Cluster, strategy: list[str]
) -> None:
    """Both ways of applying leave nothing to do the second time, default values included."""
    for folder in _FOLDERS:
        installed.kubectl("apply", *strategy, "-k", folder)
        again = installed.kubectl("apply", *strategy, "-k", folder)
        assert again.stderr == ""
        lines = again.stdout.splitlines()
        assert strategy or all(line.endswith("unchanged") for line in lines), again.stdout
        difference = installed.kubectl("diff", *strategy, "-k", folder, check=False)
        assert (difference.returncode, difference.stdout) == (0, "")


@pytest.mark.usefixtures("no_samples")
def test_samples_reach_the_server_whole(installed: Cluster) -> None:
    for folder in _FOLDERS:
        installed.kubectl("apply", "-k", folder)
    for item in _all_samples(installed):
        where = ["-n", item["metadata"]["namespace"]] if "namespace" in item["metadata"] else []
        shown = installed.kubectl(
            "get", item["kind"], item["metadata"]["name"], *where, "-o", "yaml"
        ).stdout
        assert holds(yaml.safe_load(shown), item), item["metadata"]["name"]


def test_samples_fit_their_own_account(control_plane: Cluster) -> None:
    """Names, policies and trusted accounts are such as the sample account allows."""
    items = _all_samples(control_plane)
    (account,) = (item["spec"] for item in items if item["kind"] == "RamAccount")
    tenants = {tenant["namespace"]: tenant for tenant in account["tenants"]}
    own = {(item["kind"], item["metadata"]["name"]) for item in items}
    managed = [item for item in items if item["kind"] in MANAGED.values()]
    assert {item["kind"] for item in managed} == set(MANAGED.values())
    for item in managed:
        tenant = tenants[item["metadata"]["namespace"]]
        assert item["kind"] in tenant["kinds"]
        name = item["spec"].get("userName", item["metadata"]["name"])
        assert name.startswith(tuple(tenant["namePrefixes"]))
        for policy in item["spec"].get("policies", []):
            if policy["type"] == "RamPolicy":
                assert ("RamPolicy", policy["name"]) in own
            else:
                assert policy in tenant["policies"]
        for member in item["spec"].get("members", []):
            assert (member["type"], member["name"]) in own


def test_rights_of_people_come_from_their_groups(control_plane: Cluster) -> None:
    items = _render(control_plane, SAMPLES / "people")
    users = {item["metadata"]["name"] for item in items if item["kind"] == "RamUser"}
    groups = [item["spec"] for item in items if item["kind"] == "RamGroup"]
    assert not any("policies" in item["spec"] for item in items if item["kind"] == "RamUser")
    assert all(group["policies"] for group in groups)
    assert {member["name"] for group in groups for member in group["members"]} == users


def _all_samples(cluster: Cluster) -> list[Json]:
    """Each object once, whichever folders it is rendered by."""
    found = {
        (item["kind"], item["metadata"]["name"]): item
        for folder in _FOLDERS
        for item in _render(cluster, folder)
    }
    return list(found.values())
