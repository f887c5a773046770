"""What attacks are counted by: where somebody begins, what he is after, and when he does it.

An attack names one of each, as the test really does it. `triple_index` collects them; what is
normal and rings no bell is marked `legitimate` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

import pytest
from _pytest.mark import ParameterSet

T = TypeVar("T")


class Entry(StrEnum):
    """Where it begins: who or what moves, chance among them."""

    MANIFEST = "a manifest is edited"
    CREATED = "an object is created"
    DELETED = "an object is deleted"
    ANEW = "an object is deleted and made anew"
    MOVED = "an object moves to another namespace"
    ADOPTED = "an identity is adopted"
    HANDED_OVER = "an identity is given up and taken over"
    CLAIMED = "a second object claims the identity"
    FORGED = "an approval is made up"
    BORROWED = "the approval of another object is written"
    BY_AUTHOR = "whoever asks for it approves it"
    REPLAYED = "an old approval is written again"
    NEIGHBOUR = "another object's change is approved"
    WITHDRAWN = "an approval is taken back"
    ACKNOWLEDGED = "drift is acknowledged"
    VOIDED = "approvals are voided"
    REJECTED = "a change is rejected"
    OVERWRITTEN = "a rejection is written over or removed"
    TOOL = "a deployment tool approves"
    SUSPENDED = "an object is suspended"
    SETTINGS = "a RamAccount is edited"
    EXCHANGED = "a RamAccount comes to be another account"
    SECOND_ACCOUNT = "a second RamAccount is made"
    CLUSTER = "the objects come to another cluster"
    TRUST_BY_HAND = "a trust is edited by hand"
    DOCUMENT_BY_HAND = "a document is edited by hand"
    POLICY_BY_HAND = "a policy is made or made anew by hand"
    ATTACHED_BY_HAND = "a policy is attached by hand"
    JOINED_BY_HAND = "a member joins by hand"
    SESSION_BY_HAND = "sessions are made longer by hand"
    CONSOLE_BY_HAND = "console login is allowed by hand"
    DEFAULT = "the cloud sets what a call leaves out"
    PROVIDER_BY_HAND = "an identity provider is edited by hand"
    USER_BY_HAND = "a user is made by hand"
    LAUNDERED = "it is done by hand and asked for in the manifest"
    GIVEN_BACK = "it is taken away by hand, and drift would give it back"
    STATUS = "a status is forged"
    RECORD = "a record is deleted"
    RESTORED = "a backup is restored"
    ADMISSION = "admission is removed or altered"
    WEBHOOK = "another webhook answers for admission"
    KILLED = "the operator is killed"
    OLD_ANSWERS = "the cloud answers with what was"
    DENIED = "the cloud denies reads"
    LOST_ANSWER = "a write takes effect and is answered by an error"
    CLOCK = "the clock is wrong or set back"


class Resource(StrEnum):
    """What would be opened, taken away or got round."""

    TRUST = "the trust of a role"
    CONDITION = "a condition of a trust"
    NEW_ROLE = "a new role"
    ROLE_POLICY = "a right of a role"
    USER_POLICY = "a right of a user"
    GROUP_POLICY = "a right of a group"
    ACCESS_KEY = "an access key of a user"
    MEMBER = "a membership"
    DOCUMENT = "the document of a policy"
    SESSION = "how long sessions last"
    CONSOLE = "console login of a role"
    EXPIRY = "the end of a membership"
    PROVIDER = "who is behind a provider's name"
    USER_NAME = "the name of a user"
    ROLE_NAME = "the name of a role"
    DENYING_POLICY = "a denial by an attached policy"
    DENYING_GROUP = "a denial by a membership"
    DENYING_DOCUMENT = "a denial by a document"
    REJECTION = "a rejection"
    IDENTITY = "whose an identity is"
    EXISTENCE = "whether an identity stays"
    OWN_POLICY = "a policy of the operator itself"
    OWN_GROUP = "a group of the operator itself"


class Moment(StrEnum):
    """When: what the gate is about at that time."""

    CREATION = "at the creation"
    FIRST = "at the first contact"
    SETTLED = "while nothing is held"
    DRIFTED = "while drift is not settled"
    ACKNOWLEDGED = "while drift is acknowledged"
    OFFERED = "while an offer waits"
    APPROVING = "in the write that approves"
    JUDGING = "while an approved change is judged"
    JUDGED = "between the judgement and the write"
    SENT = "while the write is on its way"
    WRITTEN = "right after the write"
    BEGUN = "after a write was begun whose end nobody knows"
    DOWN = "while no operator runs"
    RESTARTED = "right after a restart"
    SUSPENDED = "while it is suspended"
    OBSERVED = "while its account is in mode Observe"
    FORBIDDEN = "while its account does not permit it"
    REPORTED = "where drift is only reported"
    UNREAD = "while the cloud cannot be read"
    LOST = "after the records were lost"
    REJECTED = "after a rejection"
    ENDED = "after the offer has ended"
    GONE = "after the object is gone"
    EXCHANGED = "after its RamAccount was exchanged"
    EXPIRING = "when an agreed end comes"
    EDITED = "while its manifest is edited all the time"


Triple = tuple[Entry, Resource, Moment]
RIGHT_OF: Final = {
    "RamRole": Resource.ROLE_POLICY,
    "RamUser": Resource.USER_POLICY,
    "RamGroup": Resource.GROUP_POLICY,
}
"""A right by an attachment, by the kind that gets it."""


def attack(entry: Entry, resource: Resource, moment: Moment) -> pytest.MarkDecorator:
    """The mark of a test, or of a row of its parameters, that is this attack."""
    return pytest.mark.attack(entry, resource, moment)


def rows(table: Mapping[str, T], triple: Callable[[T], Triple | None]) -> list[ParameterSet]:
    """Parameters for `pytest.mark.parametrize`: the values of the table under their names, each
    marked as what `triple` says of it; where that is None, as legitimate.
    """
    return [pytest.param(v, id=k, marks=_mark(triple(v))) for k, v in table.items()]


def names(triples: Mapping[str, Triple]) -> list[ParameterSet]:
    """The same for tests that take the name, and look the rest up by it."""
    return [pytest.param(name, id=name, marks=_mark(found)) for name, found in triples.items()]


def _mark(triple: Triple | None) -> pytest.MarkDecorator:
    return pytest.mark.legitimate if triple is None else attack(*triple)
