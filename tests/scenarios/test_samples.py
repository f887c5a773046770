"""deploy/samples as a user applies them, client-side or server-side, on an operator at work.

Rewritten are the account id, the namespace and the endpoints, nothing else: what is shipped has to
be accepted, come to rest, and show no difference to what its owner wrote.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import HOSTILE, World, client
from ram_emulator.admin import AccountKeys
from tests.support.trusts import assert_trusts_recorded

Json = dict[str, Any]
SAMPLES: Final = Path(__file__).resolve().parents[2] / "deploy" / "samples"
ACCOUNT: Final = "1234567890123456"
NAMES: Final = {
    "RamRole": ("roles", "roleName"),
    "RamPolicy": ("policies", "policyName"),
    "RamUser": ("users", "userName"),
    "RamGroup": ("groups", "groupName"),
}
"""Per kind: where the emulator keeps it, and the field that names it in RAM."""

pytestmark = pytest.mark.slow


@dataclass
class Shop:
    """The samples, copied and rewritten into `folder`; `items` are its objects."""

    world: World
    folder: Path
    items: list[Json]

    def managed(self) -> list[Json]:
        return [item for item in self.items if item["kind"] in NAMES]

    def apply(self, *flags: str) -> None:
        self.world.cluster.kubectl("apply", *flags, "-k", self.folder)

    def difference(self, *flags: str) -> str:
        """What kubectl diff shows; it must not fail, and its exit code must say the same."""
        result = self.world.cluster.kubectl("diff", *flags, "-k", self.folder, check=False)
        assert result.returncode == bool(result.stdout), result.stderr
        return result.stdout


def _rewritten(folder: Path, account_id: str, namespace: str, endpoint: str) -> Path:
    """A copy of the samples under an overlay that names the endpoints."""
    copy = folder / "samples"
    shutil.copytree(SAMPLES, copy)
    for file in copy.rglob("*.yaml"):
        text = file.read_text().replace(ACCOUNT, account_id)
        text = text.replace("namespace: identity", f"namespace: {namespace}")
        file.write_text(text.replace("name: identity", f"name: {namespace}"))
    endpoints = {"ram": f"http://{endpoint}", "sts": f"http://{endpoint}"}
    patch = yaml.safe_dump([{"op": "add", "path": "/spec/endpoints", "value": endpoints}])
    overlay = {
        "resources": ["samples"],
        "patches": [{"target": {"kind": "RamAccount"}, "patch": patch}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return folder


def _world(plane: ControlPlane, emulator: EmulatorProcess, keys: AccountKeys) -> World:
    hand = emulator.admin.create_user(keys.account_id, "by-hand")
    sdk = client(emulator, hand.access_key_id, hand.access_key_secret)
    return World(plane, emulator, keys, f"samples-{uuid.uuid4().hex[:8]}", sdk, hand)


@pytest.fixture
def shop(
    apart: ControlPlane,
    emulator: EmulatorProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """Has an operator of its own: the sample account takes its key from the environment."""
    keys = emulator.admin.create_account(behaviours=dict(HOSTILE))
    emulator.admin.create_provider(keys.account_id, "oidc", "shop-ci")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", keys.admin_access_key_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.admin_access_key_secret)
    world = _world(apart, emulator, keys)
    folder = _rewritten(tmp_path, keys.account_id, world.namespace, emulator.endpoint)
    rendered = apart.kubectl("kustomize", folder).stdout
    operator = OperatorProcess.start(apart, apart.directory / f"{world.namespace}.log")
    try:
        yield Shop(world, folder, list(yaml.safe_load_all(rendered)))
        assert_trusts_recorded(world)
    finally:
        operator.stop()
        world.close()
        if world.get("RamAccount", "default") is not None:
            world.patch("RamAccount", "default", {"metadata": {"finalizers": None}})
            world.delete("RamAccount", "default")


@pytest.mark.parametrize("strategy", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_samples_come_to_rest_without_a_difference(
    shop: Shop, strategy: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shop.world
    shop.apply(*strategy)
    world.ready("RamAccount", "default")
    objects = [(item["kind"], item["metadata"]["name"]) for item in shop.managed()]
    for kind, name in objects:
        world.ready(kind, name)
    _named_as_asked(shop)
    world.settle()

    assert shop.difference(*strategy) == ""
    start = world.journal_end()
    shop.apply(*strategy)
    world.look_all(objects)
    for kind, name in objects:
        world.ready(kind, name)
    assert world.writes(start) == []
    assert shop.difference(*strategy) == ""
    # Asked the other way kubectl compares its own note of what was applied, too, and spells an
    # object without annotations in two ways there; the note is one line that names apiVersion.
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", "diff -u -N -I apiVersion")
    for flags in ((), ("--server-side", "--force-conflicts")):
        assert shop.difference(*flags) == "", flags


def _named_as_asked(shop: Shop) -> None:
    """Each identity has in RAM the name that its manifest gives it, and the status says so."""
    state = shop.world.cloud()
    for kind, (place, field) in NAMES.items():
        wanted = {}
        for item in shop.managed():
            if item["kind"] == kind:
                name = item["metadata"]["name"]
                wanted[name] = item["spec"].get(field, name)
        assert wanted, f"no sample of {kind}"
        made = {name for name in state[place] if name.startswith("shop-")}
        assert made == set(wanted.values())
        for name, cloud_name in wanted.items():
            body = shop.world.get(kind, name)
            assert body is not None
            assert body["status"]["cloudName"] == cloud_name
