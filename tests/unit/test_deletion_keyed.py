"""An object that goes and whose user stays: no answer of the cloud leaves its key to itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import pytest

from ram_operator.config import Settings
from ram_operator.loop import deletion
from ram_operator.loop.deletion import DeletionPass
from ram_operator.loop.results import LookAgain
from ram_operator.model.objects import Key
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from ram_operator.runtime.consistency import Consistency
from tests.unit.fake_clock import FakeClock

KEY: Final = Key("RamUser", "team", "ann")
BODY: Final = {
    "metadata": {"name": "ann", "namespace": "team", "uid": "uid-1", "generation": 2},
    "spec": {},
}
SESSION: Final = SimpleNamespace(account=SimpleNamespace(account_id="1234567890123456"))


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.consistency = Consistency(Settings(), self.clock)
        self.looks = 0
        ports: Any = SimpleNamespace(
            settings=SimpleNamespace(cluster_name="blue"),
            consistency=self.consistency,
            cache=SimpleNamespace(get=lambda _: None),
            fresh=lambda _: None,
        )
        monkeypatch.setattr(deletion.noted_looks, "look", self._look)
        self._pass = lambda: DeletionPass(ports, KEY, BODY)._without_keys(SESSION)  # type: ignore[arg-type]

    def _look(self, *_: Any) -> Live:
        self.looks += 1
        return Live(Presence.ABSENT)

    def go(self) -> Any:
        return self._pass()


def test_a_user_that_one_answer_leaves_out_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)
    world.clock.advance(3600)
    with pytest.raises(LookAgain) as caught:
        world.go()
    world.clock.advance(caught.value.after)
    assert world.go().event.message
    assert world.looks == 2


def test_what_was_just_written_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.clock.advance(3600)
    world.consistency.wrote(KEY, "uid-1", 1)
    with pytest.raises(LookAgain):
        world.go()
    assert world.looks == 0
