"""What stands beside a manifest has no author, and keeps nobody from looking at the object."""

from __future__ import annotations

from typing import Final

from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import say
from tests.gate.attacks import FC, NAME, OUTSIDER, ROLE
from tests.gate.test_never_made import WANTED, offered
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

PADDING: Final = "x" * 90_000


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.DRIFTED)
def test_who_was_let_in_by_hand_is_taken_out_of_what_was_padded(world: World) -> None:
    world.role(NAME)
    world.ready(ROLE, NAME)
    world.annotate(ROLE, NAME, padding=PADDING)
    Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))
    world.settle()
    world.look(ROLE, NAME)
    until(lambda: OUTSIDER[1] not in str(world.cloud()["roles"][NAME]["trust"]), "he is out")


@attack(Entry.OVERWRITTEN, Resource.REJECTION, Moment.OFFERED)
def test_a_rejection_of_what_was_padded_ends_the_offer(world: World) -> None:
    digest = offered(world, WANTED["trust"])
    start = world.journal_end()
    world.annotate(ROLE, NAME, padding=PADDING)
    assert say(world, ROLE, NAME, reject=f"{digest} we do not know them")

    def ended() -> bool:
        record = world.record(ROLE, NAME) or {}
        return (record.get("pending") or {}).get("digest") != digest and "rejections" in record

    until(ended, "that the offer ended")
    assert world.writes(start) == []
