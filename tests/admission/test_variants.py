"""The variant for clusters without MutatingAdmissionPolicy, on an API server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import Cluster, ControlPlane
from lab.connection import RequestFailed
from lab.install import BASE, NO_STAMPS, install, overlay
from lab.waiting import until
from tests.admission.conftest import set_lists
from tests.admission.objects import D1, PREFIX, Bench, stamps
from tests.admission.people import LISTS, Json, Person, introduce


@pytest.fixture(scope="module")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a user writes it."""
    return overlay(tmp_path_factory.mktemp("variant"), NO_STAMPS)


def _rendered(cluster: Cluster, folder: Path) -> dict[tuple[str, str], Json]:
    text = cluster.kubectl("kustomize", folder).stdout
    return {(i["kind"], i["metadata"]["name"]): i for i in yaml.safe_load_all(text) if i}


def test_only_the_stamps_are_missing(control_plane: Cluster, variant: Path) -> None:
    whole, without = _rendered(control_plane, BASE), _rendered(control_plane, variant)
    assert set(whole) - set(without) == {
        ("MutatingAdmissionPolicy", "ram-stamp"),
        ("MutatingAdmissionPolicyBinding", "ram-stamp"),
    }
    changed = {key for key, item in without.items() if item != whole[key]}
    assert changed == {("ValidatingAdmissionPolicy", "ram-approve")}
    (key,) = changed
    before, after = (found[key]["spec"]["validations"] for found in (whole, without))
    assert [rule for rule in after if rule not in before] == [after[4]]
    assert [rule for rule in before if rule not in after] == [*before[4:6], *before[8:10]]


@pytest.fixture(scope="module")
def people(variant: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Person]]:
    with ControlPlane.start(tmp_path_factory.mktemp("variant-plane")) as plane:
        install(plane, variant)
        everybody = introduce(plane)
        set_lists(plane, LISTS)
        probe = Bench(everybody, "RamRole")
        step = {"by": "flux", "how": "create", "approve": D1, "dry_run": True}
        until(lambda: _refusal(probe, {**step, "by": "author"}) is not None)
        until(lambda: _refusal(probe, step) is None)
        yield everybody


def _refusal(bench: Bench, step: Json) -> str | None:
    try:
        bench.do(step)
    except RequestFailed as failure:
        return str(failure)
    return None


def _stamps(bench: Bench, step: Json) -> tuple[list[str], str | None] | None:
    """None while it is refused: what wants a stamp may be enforced some moments before what makes
    it.
    """
    try:
        return stamps(bench.do(step))
    except RequestFailed:
        return None


def test_what_stays_and_what_is_lost(people: dict[str, Person]) -> None:
    bench = Bench(people, "RamRole")
    for step, refused in (
        ({"by": "author", "how": "create", "changed-by": "x"}, "which this cluster does not have"),
        ({"by": "chief", "how": "create"}, None),
        ({"by": "editor", "approved-by": "x"}, "which this cluster does not have"),
        ({"by": "editor", "approve": D1}, "that takes the verb approve"),
        ({"by": "argocd", "approve": D1}, "a ServiceAccount approves only if"),
        ({"by": "approver", "approve": "yes"}, "must be status.pending.digest"),
        ({"by": "approver", "reject": D1}, None),
        ({"by": "editor", "reject": None}, "may not take back the rejection"),
        # Lost: the author approves.
        ({"by": "chief", "approve": D1}, None),
    ):
        said = _refusal(bench, step)
        assert (said is None) == (refused is None), (step, said)
        assert refused is None or refused in str(said), step
    assert stamps(bench.get()) == ([], None)
    assert bench.get()["metadata"]["annotations"][f"{PREFIX}approve"] == D1


def test_nobody_approves_what_is_older_than_the_stamps(people: dict[str, Person]) -> None:
    """Made without ram-stamp, which comes later: who wrote it is not known to be harmless."""
    bench = Bench(people, "RamRole")
    bench.do({"by": "author", "how": "create"})
    new = Bench(people, "RamRole")
    install(people["administrator"].cluster)
    rehearsal = {"by": "author", "how": "create", "dry_run": True}
    until(lambda: _stamps(new, rehearsal) == (["author"], None))
    until(lambda: "nobody knows" in str(_refusal(bench, {"by": "approver", "approve": D1})))
    # One's own change is known from now on.
    assert _refusal(bench, {"by": "editor", "note": "x"}) is None
    assert "nobody knows" in str(_refusal(bench, {"by": "administrator", "approve": D1}))
    assert _refusal(bench, {"by": "editor", "spec": "another"}) is None
    assert _refusal(bench, {"by": "approver", "approve": D1}) is None
    assert stamps(bench.get()) == (["editor"], "approver")
