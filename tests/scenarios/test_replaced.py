"""What was deleted and made anew by hand is another identity: nothing known of the first one holds
for it.
"""

from __future__ import annotations

from lab.waiting import until
from lab.world import World, trust
from tests.support.hands import Hands

FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OSS_READ = "AliyunOSSReadOnlyAccess"


def replaced(world: World, **spec: object) -> Hands:
    """A role of ours, and then another of its name that is not."""
    asked = {"type": "System", "name": OSS_READ}
    world.role("exporter", trustPolicy=trust(FC), description="asked", policies=[asked], **spec)
    world.ready("RamRole", "exporter")
    world.settle()
    hands = Hands(world)
    hands.delete_role("exporter")
    world.settle()
    world.look("RamRole", "exporter")
    hands.create_role("exporter", trust(FC, ECS), description="theirs")
    hands.attach("exporter", "AliyunOSSFullAccess")
    world.settle()
    return hands


def test_deleting_the_object_leaves_the_identity_that_took_its_place(world: World) -> None:
    replaced(world, deletionPolicy="Delete")
    world.look("RamRole", "exporter")
    world.reason("RamRole", "exporter", "NotAdopted")
    before, start = world.cloud(), world.journal_end()

    world.delete("RamRole", "exporter")
    world.gone("RamRole", "exporter")

    assert world.writes(start) == []
    assert world.cloud()["roles"] == before["roles"]


def test_taking_over_what_took_the_place_removes_nothing(world: World) -> None:
    replaced(world, adoptionPolicy="IfExists")
    before = world.cloud()["roles"]["exporter"]

    world.look("RamRole", "exporter")
    held = world.reason("RamRole", "exporter", "ApprovalRequired")

    live = world.cloud()["roles"]["exporter"]
    assert live["trust"] == before["trust"]
    assert live["description"] == "asked"
    assert ["System", "AliyunOSSFullAccess"] in live["policies"]
    # It would lose a trusted entity, and until that is decided nobody gains by it.
    assert ["System", OSS_READ] not in live["policies"]
    assert held["status"]["pending"]["losses"]
    assert "ram-operator/name" in live["tags"]


def test_what_somebody_makes_so_in_the_cloud_is_agreed_on_by_nobody(world: World) -> None:
    """The manifest asks for it, and the cloud has it: it is taken back, and waits as before."""
    world.role("exporter", trustPolicy=trust(FC))
    world.ready("RamRole", "exporter")
    world.edit("RamRole", "exporter", trustPolicy=trust(FC, ECS))
    world.reason("RamRole", "exporter", "ApprovalRequired")
    Hands(world).update_role("exporter", trust=trust(FC, ECS))
    world.settle()
    world.look("RamRole", "exporter")
    until(lambda: "ecs" not in str(world.cloud()["roles"]["exporter"]["trust"]), "that it is gone")
    world.settle()
    world.look("RamRole", "exporter")
    item = world.reason("RamRole", "exporter", "ApprovalRequired")
    assert "ecs.aliyuncs.com" in item["status"]["pending"]["gains"][0]
    principals = [s["Principal"] for s in world.cloud()["roles"]["exporter"]["trust"]["Statement"]]
    assert principals == [{"Service": ["fc.aliyuncs.com"]}]
