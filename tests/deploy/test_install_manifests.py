"""What is handed out to whoever installs: one file for any cluster, one folder to copy anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Cluster, ControlPlane
from lab.install import BASE, wait_served
from tests.support.handed_out import choose, handed_out, making

Json = dict[str, Any]
IMAGE = "registry.example/ram-operator:1"
NAMED_BY = {"configMapKeyRef": {"name": "ram-operator", "key": "clusterName"}}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An API server that knows nothing of the operator yet, nor of the Prometheus operator."""
    with ControlPlane.start(tmp_path_factory.mktemp("empty")) as plane:
        yield plane


def _objects(text: str) -> dict[tuple[str, str], Json]:
    documents = [document for document in yaml.safe_load_all(text) if document]
    found = {(item["kind"], item["metadata"]["name"]): item for item in documents}
    assert len(found) == len(documents)
    return found


def _container(objects: dict[tuple[str, str], Json]) -> Json:
    (container,) = objects["Deployment", "ram-operator"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_an_empty_cluster_takes_the_file_and_then_the_overlay(
    empty: Cluster, tmp_path: Path
) -> None:
    """In this order on one cluster: who tried the file goes on with the overlay."""
    folder = handed_out(tmp_path / "made", "--image", IMAGE)
    file = folder / "install.yaml"
    result = empty.kubectl("apply", "--server-side", "-f", file)
    assert len(result.stdout.splitlines()) == len(_objects(file.read_text()))
    assert "Warning" not in result.stderr
    wait_served(empty)
    empty.kubectl("apply", "--server-side", "-k", folder)
    found = yaml.safe_load(empty.kubectl("get", "cm", "ram-operator", "-n", "ram-system",
                                         "-o", "yaml").stdout)  # fmt: skip
    assert found["data"] == {"clusterName": "production"}


def test_the_file_is_the_base_and_where_the_clusters_name_comes_from(
    control_plane: Cluster, tmp_path: Path
) -> None:
    base = _objects(control_plane.kubectl("kustomize", BASE).stdout)
    made = _objects((handed_out(tmp_path / "made") / "install.yaml").read_text())
    _container(base)["env"].append({"name": "RAM_OPERATOR_CLUSTER_NAME", "valueFrom": NAMED_BY})
    assert made == base


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = handed_out(tmp_path / "first"), tmp_path / "elsewhere" / "again"
    assert [_bytes(handed_out(again)), _bytes(handed_out(again))] == [_bytes(first)] * 2


def _bytes(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("component", ["monitoring", "no-stamps"])
def test_the_folder_builds_wherever_it_is_copied_to(
    control_plane: Cluster, tmp_path: Path, component: str
) -> None:
    copied = tmp_path / "somewhere" / "else"
    shutil.copytree(handed_out(tmp_path / "made"), copied)
    shutil.rmtree(tmp_path / "made")
    plain = _objects(control_plane.kubectl("kustomize", copied).stdout)
    assert _container(plain)["image"] == "registry.example/ram-operator:0.1.0"
    assert not any(item["apiVersion"].startswith("monitoring.") for item in plain.values())
    choose(copied, component)
    chosen = _objects(control_plane.kubectl("kustomize", copied).stdout)
    assert set(plain) != set(chosen)


def test_an_image_that_was_named_is_the_one_of_both(control_plane: Cluster, tmp_path: Path) -> None:
    folder = handed_out(tmp_path / "made", "--image", IMAGE)
    file = _objects((folder / "install.yaml").read_text())
    overlay = _objects(control_plane.kubectl("kustomize", folder).stdout)
    assert _container(file)["image"] == _container(overlay)["image"] == IMAGE


@pytest.mark.parametrize(
    "image", ["registry.example/ram-operator", "a b:1", "x:1\n  command: [sh]"]
)
def test_what_is_no_image_is_refused(tmp_path: Path, image: str) -> None:
    made = making(tmp_path / "made", "--image", image)
    assert made.returncode == 2
    assert "write for example registry.example/ram-operator:1" in made.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("words", "base"),
    [
        ((), "docs/operations/runbooks"),
        (("--runbooks", "https://git.example/runbooks/"), "https://git.example/runbooks"),
    ],
)
def test_the_alerts_name_the_pages_where_one_said_that_they_are(
    tmp_path: Path, words: tuple[str, ...], base: str
) -> None:
    folder = handed_out(tmp_path / "made", *words)
    (rules,) = yaml.safe_load_all(
        (folder / "components" / "monitoring" / "prometheusrule.yaml").read_text()
    )
    written = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
    alerts = [rule for rule in written if "alert" in rule]
    assert alerts
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"{base}/{alert['alert']}.md"


def test_an_address_of_pages_that_is_none_is_refused(tmp_path: Path) -> None:
    made = making(tmp_path / "made", "--runbooks", "git.example")
    assert (made.returncode, "is no address" in made.stderr) == (2, True)
    assert not (tmp_path / "made").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    made = making(tmp_path)
    assert (made.returncode, "name another folder" in made.stderr) == (2, True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
