"""Base, components and the example overlay: what they render, and that an API server takes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Cluster
from lab.building import ROOT
from lab.install import install
from ram_operator.config import PREFIX, SettingsError, load
from tests.support.handed_out import choose, handed_out

Json = dict[str, Any]
KUSTOMIZE = ROOT / "deploy" / "kustomize"
COMPONENTS = {
    "monitoring": {("PodMonitor", "ram-operator"), ("PrometheusRule", "ram-operator")},
    "networkpolicy": {("NetworkPolicy", "ram-operator")},
    "dashboard": {("ConfigMap", "ram-operator-dashboard")},
    "ha": {("PodDisruptionBudget", "ram-operator")},
}
# The Prometheus operator's kinds; no API server knows them without it.
FOREIGN = ("PodMonitor", "PrometheusRule")


@pytest.fixture(scope="module")
def installed(control_plane: Cluster) -> Cluster:
    install(control_plane)
    return control_plane


def render(cluster: Cluster, folder: Path) -> dict[tuple[str, str], Json]:
    """The rendered objects by kind and name."""
    text = cluster.kubectl("kustomize", folder).stdout
    documents = [document for document in yaml.safe_load_all(text) if document]
    found = {(item["kind"], item["metadata"]["name"]): item for item in documents}
    assert len(found) == len(documents)
    return found


def with_components(tmp_path: Path, *names: str) -> Path:
    """A kustomization of the base and these components, as a user would write one."""
    copied = tmp_path / "ram-operator"
    if not copied.exists():
        copied.mkdir()
        # Kustomize takes no absolute paths, and links must not lead out of the root.
        for folder in ("crds", "deploy"):
            _copy(ROOT / folder, copied / folder)
    overlay = tmp_path / "overlay"
    overlay.mkdir(exist_ok=True)
    kustomize = "../ram-operator/deploy/kustomize"
    body = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{kustomize}/base"],
        "components": [f"{kustomize}/components/{name}" for name in names],
    }
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(body))
    return overlay


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())


def _everything(tmp_path: Path) -> Path:
    """The example as it is handed out, with what it leaves open chosen as well."""
    folder = handed_out(tmp_path / "handed-out")
    choose(folder, "monitoring")
    choose(folder, "dashboard")
    return folder


def deployment(rendered: Mapping[tuple[str, str], Json]) -> Json:
    return rendered["Deployment", "ram-operator"]


def test_every_component_is_known_here() -> None:
    folders = {path.parent.name for path in KUSTOMIZE.glob("components/*/kustomization.yaml")}
    assert folders == set(COMPONENTS)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_adds_its_own_and_takes_nothing(
    control_plane: Cluster, tmp_path: Path, name: str
) -> None:
    before = render(control_plane, KUSTOMIZE / "base")
    after = render(control_plane, with_components(tmp_path, name))
    assert set(after) - set(before) == COMPONENTS[name]
    changed = {key for key in before if before[key] != after[key]}
    assert changed == ({("Deployment", "ram-operator")} if name == "ha" else set())


def test_every_object_of_the_example_is_labelled_and_in_its_namespace(
    control_plane: Cluster, tmp_path: Path
) -> None:
    rendered = render(control_plane, _everything(tmp_path))
    assert set().union(*COMPONENTS.values()) <= set(rendered)
    for (kind, name), item in rendered.items():
        if kind != "CustomResourceDefinition":
            labels = item["metadata"]["labels"]
            assert labels["app.kubernetes.io/part-of"] == "ram-operator", (kind, name)
        assert item["metadata"].get("namespace", "ram-system") == "ram-system"
    for kind in FOREIGN:
        assert rendered[kind, "ram-operator"]["metadata"]["labels"]["release"]
    (container,) = deployment(rendered)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/ram-operator:0.1.0"


@pytest.mark.parametrize("example", [False, True], ids=["base", "example"])
def test_the_api_server_takes_what_is_rendered(
    installed: Cluster, tmp_path: Path, example: bool
) -> None:
    folder = _everything(tmp_path) if example else KUSTOMIZE / "base"
    rendered = render(installed, folder)
    known = [item for (kind, _), item in rendered.items() if kind not in FOREIGN]
    result = installed.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-",
        stdin=yaml.safe_dump_all(known),
    )  # fmt: skip
    assert len(result.stdout.splitlines()) == len(known)
    assert "Warning" not in result.stderr


def test_two_replicas_replace_each_other_and_lead_by_a_lease(
    control_plane: Cluster, tmp_path: Path
) -> None:
    found = deployment(render(control_plane, with_components(tmp_path, "ha")))["spec"]
    assert found["replicas"] == 2
    assert found["strategy"]["type"] == "RollingUpdate"
    pod = found["template"]["spec"]
    (container,) = pod["containers"]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    given = {k: v for k, v in environment.items() if v is not None}
    assert load(["--cluster-name=blue"], given).leader_election
    assert f"{PREFIX}OPERATOR_NAMESPACE" in environment, "the base's variables stay"
    with pytest.raises(SettingsError, match="CLUSTER_NAME"):
        load([], given)
    labels = found["template"]["metadata"]["labels"].items()
    (term,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    for selector in (term, *pod["topologySpreadConstraints"]):
        assert selector["labelSelector"]["matchLabels"].items() <= labels


def test_selectors_and_ports_fit_the_pod(control_plane: Cluster, tmp_path: Path) -> None:
    rendered = render(control_plane, _everything(tmp_path))
    template = deployment(rendered)["spec"]["template"]
    labels = template["metadata"]["labels"]
    ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    monitor = rendered["PodMonitor", "ram-operator"]["spec"]
    policy = rendered["NetworkPolicy", "ram-operator"]["spec"]
    budget = rendered["PodDisruptionBudget", "ram-operator"]["spec"]
    for selector in (monitor["selector"], policy["podSelector"], budget["selector"]):
        assert selector["matchLabels"].items() <= labels.items()
    assert {endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]} <= ports
    (way_in,) = policy["ingress"]
    assert [port["port"] for port in way_in["ports"]] == ["metrics"]
    assert way_in["from"], "an empty list would let everybody in"
    # The rules ask for this job.
    assert labels[monitor["jobLabel"]] == "ram-operator"
