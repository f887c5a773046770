"""The table of swaps: each story of `swaps`, with what it is counted as."""

from __future__ import annotations

from typing import Final

from tests.gate.swaps import (
    KINDS,
    Swap,
    approve_everything,
    approved_meanwhile,
    attach_everything,
    by_hand,
    by_the_operator,
    edited,
    joining,
    made_again,
    narrower_than_an_old_answer,
    old_answer,
    old_answer_after_a_lost_one,
    old_answer_for_a_member,
    old_answer_of_the_one_before,
    other_session,
    seen_by_another,
    while_it_is_sent,
)
from tests.gate.triples import RIGHT_OF, Entry, Moment, Resource, Triple
from tests.support.hands import Hands

ORDERS: Final = ("Custom", "RamPolicy")


def judged(entry: Entry, right: Resource = Resource.ROLE_POLICY) -> Triple:
    return entry, right, Moment.JUDGED


def attached(entry: Entry, kind: str, moment: Moment = Moment.JUDGED) -> Triple:
    return entry, RIGHT_OF[kind], moment


BY_HAND: Final = Entry.DOCUMENT_BY_HAND
MADE_BY_HAND: Final = Entry.POLICY_BY_HAND
OLD: Final = Entry.OLD_ANSWERS
OTHER_LETTERS: Final = by_the_operator("RamRole", "Custom", "ZZ")
WAITING: Final = (
    *(
        Swap(
            f"made anew by the operator, {kind} by {reference}",
            by_the_operator(kind, reference),
            attached(Entry.ANEW, kind),
        )
        for kind in KINDS
        for reference in ORDERS
    ),
    Swap("made anew in other letters", OTHER_LETTERS, judged(Entry.ANEW)),
    *(
        Swap(f"edited by hand, {kind}", by_hand(kind, edited), attached(BY_HAND, kind))
        for kind in KINDS
    ),
    *(
        Swap(f"made anew by hand, {kind}", by_hand(kind, made_again), attached(MADE_BY_HAND, kind))
        for kind in KINDS
    ),
    Swap(
        "retained and edited by hand",
        by_hand("RamRole", edited, deletionPolicy="Retain"),
        judged(BY_HAND),
    ),
    Swap("approved for another meanwhile", approved_meanwhile("RamRole"), judged(Entry.NEIGHBOUR)),
    Swap(
        "a member joins: approved meanwhile",
        joining(approve_everything),
        judged(Entry.NEIGHBOUR, Resource.MEMBER),
    ),
    Swap(
        "a member joins: edited by hand",
        joining(lambda world: edited(Hands(world))),
        judged(BY_HAND, Resource.MEMBER),
    ),
    Swap(
        "a member joins: attached by hand",
        joining(attach_everything),
        judged(Entry.ATTACHED_BY_HAND, Resource.MEMBER),
    ),
)
SENT: Final = tuple(
    Swap(
        f"while it is sent, {kind}",
        while_it_is_sent(kind),
        attached(Entry.ANEW, kind, Moment.SENT),
        ("Synced", "ApprovalRequired", "DependencyNotReady"),
    )
    for kind in KINDS
)
REMEMBERED: Final = (
    *(
        Swap(f"an old answer, {kind}", old_answer(kind), attached(OLD, kind, Moment.WRITTEN))
        for kind in KINDS
    ),
    Swap(
        "an old answer in another session",
        old_answer("RamRole", other_session),
        attached(Entry.SETTINGS, "RamRole", Moment.WRITTEN),
    ),
    Swap(
        "an old answer for a member",
        old_answer_for_a_member,
        (OLD, Resource.MEMBER, Moment.WRITTEN),
    ),
    Swap(
        "an old answer of the policy before",
        old_answer_of_the_one_before,
        attached(OLD, "RamRole", Moment.WRITTEN),
    ),
    Swap(
        "an old answer after a lost one",
        old_answer_after_a_lost_one,
        attached(Entry.LOST_ANSWER, "RamUser", Moment.WRITTEN),
    ),
    *(
        Swap(
            f"seen by another and edited, {kind}",
            seen_by_another(kind, edited),
            attached(BY_HAND, kind, Moment.CREATION),
        )
        for kind in KINDS
    ),
    Swap(
        "seen by another and made anew",
        seen_by_another("RamRole", made_again),
        attached(MADE_BY_HAND, "RamRole", Moment.CREATION),
    ),
    Swap(
        "narrower than an old answer",
        narrower_than_an_old_answer,
        (OLD, Resource.DOCUMENT, Moment.WRITTEN),
    ),
)
