"""A claim covers what can have come of it: an identity made shortly after, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import AdoptionPolicy, Reason
from ram_operator.errors import Retry, Stalled
from ram_operator.kinds.record import Identity
from ram_operator.loop.standing import Claimant, stand
from ram_operator.model.objects import Owner
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from tests.unit.core import ECS, FC, trust

OWNER = Owner("blue", "team-a", "ann")
IDENTITY = Identity("1234567890123456", "RamUser", "ann")
CLAIMED_AT = "2026-03-01T12:00:00Z"


def record(claimed_at: str = CLAIMED_AT) -> dict[str, Any]:
    return {
        "record": {
            "accountId": IDENTITY.account_id,
            "kind": IDENTITY.kind,
            "name": IDENTITY.folded,
            "owner": {"cluster": "blue", "namespace": "team-a", "name": "ann", "uid": "u"},
            "sequence": 1,
            "history": [{"at": claimed_at, "operation": "Claimed"}],
        }
    }


def claimant() -> Claimant:
    return Claimant(
        owner=OWNER,
        uid="u",
        noun="user",
        adoption=AdoptionPolicy.NEVER,
        may_adopt=False,
        observe=False,
        unsettled=0.0,
    )


def live(created_at: str) -> Live:
    return Live(Presence.PRESENT, "ann", cloud_id="7", created_at=created_at)


@pytest.mark.parametrize(
    "created_at", ["2026-03-01T11:59:30Z", "2026-03-01T12:00:00Z", "2026-03-01T12:14:00Z"]
)
def test_what_was_made_right_after_the_claim_is_completed(created_at: str) -> None:
    assert stand(claimant(), record(), IDENTITY, live(created_at)).completing


@pytest.mark.parametrize(
    "created_at",
    ["2026-03-01T11:58:00Z", "2026-03-01T12:16:00Z", "2020-01-01T00:00:00Z", "", "soon"],
)
def test_what_was_made_at_another_time_is_not_ours(created_at: str) -> None:
    with pytest.raises(Stalled) as caught:
        stand(claimant(), record(), IDENTITY, live(created_at))
    assert caught.value.reason is Reason.NOT_ADOPTED


def test_a_claim_without_a_date_that_can_be_read_covers_nothing() -> None:
    with pytest.raises(Stalled):
        stand(claimant(), record("?"), IDENTITY, live("2026-03-01T12:00:00Z"))


@pytest.mark.parametrize(
    ("by", "cloud_id", "may"),
    [
        ("team-b/bob of cluster blue", "7", True),
        # It was given up as another identity, or by somebody else than who marked it.
        ("team-b/bob of cluster blue", "8", False),
        ("team-b/bob of cluster green", "7", False),
        ("", "7", False),
    ],
)
def test_who_let_go_of_an_identity_may_have_left_his_mark(
    by: str, cloud_id: str, may: bool
) -> None:
    body = record()
    given_up = {"at": CLAIMED_AT, "operation": "Abandoned", **({"by": by} if by else {})}
    body["record"] |= {"owner": None, "cloudId": cloud_id, "history": [given_up]}
    marked = Live(Presence.PRESENT, "ann", cloud_id="7", owner=Owner("blue", "team-b", "bob"))
    adopter = replace(claimant(), adoption=AdoptionPolicy.IF_EXISTS, may_adopt=True)
    if may:
        standing = stand(adopter, body, IDENTITY, marked)
        assert (standing.claim_first, standing.facts.baseline) == (True, None)
        with pytest.raises(Stalled, match="exists already"):
            stand(claimant(), body, IDENTITY, marked)
        # What happened since counts.
        body["record"]["history"].append({"at": CLAIMED_AT, "operation": "Adopted"})
    with pytest.raises(Stalled, match="bears the mark of team-b/bob"):
        stand(adopter, body, IDENTITY, marked)


def test_an_answer_older_than_the_deletion_completes_nothing() -> None:
    gone = record()
    gone["record"] |= {"owner": None, "cloudId": "7", "deletedAt": "2026-03-01T12:05:00Z"}
    shown = Live(Presence.PRESENT, "ann", cloud_id="7", owner=OWNER, created_at=CLAIMED_AT)
    with pytest.raises(Retry, match="just deleted") as caught:
        stand(claimant(), gone, IDENTITY, shown)
    assert caught.value.after
    # Another identity of that name is judged like any other.
    other = Live(Presence.PRESENT, "ann", cloud_id="8", owner=OWNER, created_at=CLAIMED_AT)
    assert stand(claimant(), gone, IDENTITY, other).completing


ROLE = Identity("1234567890123456", "RamRole", "app")
SENT, OTHER = trust(FC, ECS), trust(FC)


@pytest.mark.parametrize(
    ("made", "history", "ours"),
    [
        ("2026-03-01T12:00:02Z", [], True),
        ("2026-03-01T11:00:00Z", [], False),
        ("2026-03-01T13:00:00Z", [], False),
        ("", [], False),
        ("2026-03-01T12:00:02Z", [{"operation": "Offered", "at": "2026-03-01T12:00:01Z"}], False),
    ],
    ids=["after", "before", "long after", "nobody knows when", "offered"],
)
def test_our_mark_counts_although_the_name_is_found_among_those_that_were_let_go(
    made: str, history: list[Any], ours: bool
) -> None:
    """By chance, perhaps; and the pass that made it did not get as far as its record."""
    block = {**record()["record"], "neverMade": "2026-03-01T12:00:00Z", "history": history}
    for name in ("owner", "cloudId"):
        block.pop(name, None)
    marked = replace(live(made), owner=claimant().owner)
    if ours:
        found = stand(claimant(), {**record(), "record": block}, IDENTITY, marked)
        assert (found.completing, found.facts.never_made) == (True, "")
    else:
        with pytest.raises((Stalled, Retry)):
            stand(claimant(), {**record(), "record": block}, IDENTITY, marked)


def begun(**flight: str) -> dict[str, Any]:
    """The record of a role whose creation was held, approved and begun."""
    body = record()["record"]
    body |= {"kind": "RamRole", "name": "app", "inFlight": {"operation": "RoleCreation", **flight}}
    body["history"] = [{"at": CLAIMED_AT, "operation": "Offered"}]
    return {"record": body}


@pytest.mark.parametrize(
    ("flight", "owner", "there", "ours"),
    [
        ({"approval": "sha256:a", "digest": SENT.digest}, OWNER, SENT, True),
        ({"approval": "sha256:a", "digest": SENT.digest}, OWNER, OTHER, False),
        ({"approval": "sha256:a", "digest": SENT.digest}, None, SENT, False),
        ({"digest": SENT.digest}, OWNER, SENT, False),
    ],
)
def test_an_approved_creation_whose_end_was_not_seen_is_completed(
    flight: dict[str, str], owner: Owner | None, there: Any, ours: bool
) -> None:
    """What it was to send, with our mark. Anything else under that name is somebody else's."""
    found = Live(Presence.PRESENT, "app", "7", fields={"trustPolicy": there}, owner=owner)
    if ours:
        assert stand(claimant(), begun(**flight), ROLE, found).completing
        return
    with pytest.raises(Stalled) as caught:
        stand(claimant(), begun(**flight), ROLE, found)
    assert caught.value.reason is Reason.NOT_ADOPTED


@pytest.mark.parametrize(
    ("told", "verb"),
    [
        (["Claimed"], "Created"),
        (["Adopted", "Abandoned"], "Managed"),
        (["Claimed", "Created", "Abandoned"], "Managed"),
        (None, "Managed"),
    ],
)
def test_a_mark_does_not_say_that_we_made_it(told: list[str] | None, verb: str) -> None:
    """Whoever gave it up comes back under his name: it was taken over once, and stays so."""
    body = record()
    history = [{"at": CLAIMED_AT, "operation": each} for each in told or ()]
    body["record"] |= {"owner": None, "cloudId": "7", "history": history}
    marked = Live(Presence.PRESENT, "ann", cloud_id="7", owner=OWNER, created_at=CLAIMED_AT)
    found = stand(claimant(), body if told is not None else None, IDENTITY, marked)
    assert (found.completing, found.verb) == (True, verb)
