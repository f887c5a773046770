"""A cloud that answers many accounts a byte at a time, and what that costs objects of another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import ControlPlane, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import World, open_world
from tests.support.trickle import Trickle, trickle

FLAGS = {
    # A thread for each account, so that one that does not end shows at once, and fewer than are
    # slow.
    "cloud-threads": "4",
    "connect-timeout": "5",
    "read-timeout": "5",
    "call-deadline": "6",
    # What hangs at such an answer counts as wedged for the time.
    "wedged-seconds": "2",
}
MANY = 8
SLOW = 6


@pytest.fixture
def network(emulator: EmulatorProcess) -> Iterator[Trickle]:
    with trickle(emulator.endpoint) as found:
        yield found


def a_world(apart: ControlPlane, emulator: EmulatorProcess, name: str, endpoint: str) -> World:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    where = f"http://{endpoint}"
    opened = open_world(apart, emulator, name, "friendly", endpoints={"ram": where, "sts": where})
    opened.ready("RamAccount", name)
    return opened


def test_a_slow_cloud_of_many_accounts_does_not_stop_another(
    apart: ControlPlane, emulator: EmulatorProcess, network: Trickle
) -> None:
    with OperatorProcess.running(apart, FLAGS) as process:
        slow = [a_world(apart, emulator, f"slow-{n}", network.host) for n in range(SLOW)]
        fast = a_world(apart, emulator, "fast", emulator.endpoint)
        network.slow.set()
        for number in range(MANY):
            for world in slow:
                world.role(f"slow-{number}")
        waiting.until(lambda: network.given_up >= 1, "that an answer was not waited for")
        for number in range(MANY):
            fast.role(f"fast-{number}")
        for number in range(MANY):
            fast.ready("RamRole", f"fast-{number}")
        assert len(fast.cloud()["roles"]) == MANY
        assert [world.cloud()["roles"] for world in slow] == [{}] * SLOW, "else answers came"
        waiting.until(lambda: not process.healthy(), "that the probe notices what does not end")
        # And nothing of it is lost.
        network.slow.clear()
        for number in range(MANY):
            for world in slow:
                world.ready("RamRole", f"slow-{number}")
        waiting.until(process.healthy, "that the probe sees that it ended")
        assert "RamRole slow" in process.log.partition("Wedged: ")[2]
