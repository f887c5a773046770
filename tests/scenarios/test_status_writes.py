"""A status is written to the object that it is about, and to no other of its name."""

from __future__ import annotations

from collections.abc import Iterator

import kubernetes
import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from lab import Cluster
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT
from lab.world import World
from ram_operator.cluster.api import ClusterApi, Conflicted, Gone
from ram_operator.model.objects import Key


@pytest.fixture
def api(installed: Cluster) -> Iterator[ClusterApi]:
    """The operator's own account."""
    configuration = Configuration()
    kubeconfig = installed.kubeconfig_for_service_account(NAMESPACE, SERVICE_ACCOUNT)
    kubernetes.config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    client = ApiClient(configuration)
    yield ClusterApi(client, lambda *_: None)
    client.rest_client.pool_manager.clear()


def test_an_object_that_was_made_anew_gets_no_status_of_the_one_before(
    world: World, api: ClusterApi
) -> None:
    """What one was adopted with, or had applied, is nothing of the other."""
    world.role("twice")
    before = world.ready("RamRole", "twice")
    world.delete("RamRole", "twice")
    world.gone("RamRole", "twice")
    key = Key("RamRole", world.namespace, "twice")
    with pytest.raises(Gone):
        api.write_status(key, before["metadata"]["uid"], before["status"])
    world.role("twice", suspend=True)
    world.reason("RamRole", "twice", "Suspended")
    written = world.get("RamRole", "twice")
    with pytest.raises(Conflicted):
        api.write_status(key, before["metadata"]["uid"], before["status"])
    assert world.get("RamRole", "twice") == written


def test_a_status_is_replaced_whole(world: World, api: ClusterApi) -> None:
    """Whatever a copy of the object did not show is not left over."""
    world.role("whole", suspend=True)
    item = world.reason("RamRole", "whole", "Suspended")
    key = Key("RamRole", world.namespace, "whole")
    less = {"conditions": item["status"]["conditions"]}
    reply = api.write_status(key, item["metadata"]["uid"], less)
    assert reply["status"] == less
