"""Names that trusts mention, around one pass: what this role mentions, who is about to be named so.

Called by the pass. RAM trusts by name, so whoever is made under a name that some role mentions is
trusted from his first moment. `review` holds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .. import documents
from ..kinds.record import Identity
from ..kinds.schema import Kind
from ..model.objects import Key
from ..model.state import Live
from ..model.vocabulary import Presence


class Mentions(Protocol):
    """Which names the trusts of roles mention, by the record of the role."""

    def saw_trust(self, record: Key, names: Iterable[str]) -> None:
        """These and no others are mentioned by the live trust."""

    def trusted(self, arn: str, record: Key) -> bool:
        """Whether the trust of a role other than that of `record` mentions the name."""


def note(mentions: Mentions, identity: Identity, row: Kind, live: Live) -> None:
    """Remember whom the live trust mentions: it may be more than anybody has agreed on."""
    trust = live.fields.get(row.gated_field.name) if row.gated_field is not None else None
    if live.presence is Presence.ABSENT and row.gated_field is not None:
        mentions.saw_trust(identity.key, ())
    elif isinstance(trust, documents.Trust):
        mentions.saw_trust(identity.key, documents.mentioned(trust))


def trusted(mentions: Mentions, identity: Identity, row: Kind) -> frozenset[str]:
    """The ARN of the identity, if the trust of another one mentions it."""
    arn = row.arn(identity.account_id, identity.folded)
    return frozenset({arn} if arn and mentions.trusted(arn, identity.key) else ())
