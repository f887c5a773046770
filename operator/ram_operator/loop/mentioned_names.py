"""Names that trusts mention, around one pass: what this role mentions, who is about to be named so.

Called by the pass. RAM trusts by name, so whoever is made under a name that some role mentions is
trusted from his first moment. `review` holds it.
"""

from __future__ import annotations

from .. import documents
from ..kinds.record import Identity
from ..kinds.schema import Kind
from ..model.state import Live
from ..model.vocabulary import Presence
from .ports import Ports


def note(ports: Ports, identity: Identity, row: Kind, live: Live) -> None:
    """Remember whom the live trust mentions: it may be more than anybody has agreed on."""
    trust = live.fields.get(row.gated_field.name) if row.gated_field is not None else None
    if live.presence is Presence.ABSENT and row.gated_field is not None:
        ports.store.saw_trust(identity.key, ())
    elif isinstance(trust, documents.Trust):
        ports.store.saw_trust(identity.key, documents.mentioned(trust))


def trusted(ports: Ports, identity: Identity, row: Kind) -> frozenset[str]:
    """The ARN of the identity, if the trust of another one mentions it."""
    arn = row.arn(identity.account_id, identity.folded)
    return frozenset({arn} if arn and ports.store.trusted(arn, identity.key) else ())
