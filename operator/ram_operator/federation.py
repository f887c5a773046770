"""What the identity providers are that a trust names: looked up before the plan is made.

Called by the pass; `providers` judges it. In a steady state each is looked at once in a while, and
right before a role is created or a change that people approved is written.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import providers
from .accounts import Session
from .ballots import Ballot
from .errors import RamOperatorError
from .model import Desired, Entry, Live, Presence, RecordFacts, UnknownPart
from .ports import Ports, Subject


def look(
    ports: Ports, session: Session, subject: Subject, trusts: tuple[Desired, Live], urgent: bool
) -> Mapping[str, Entry | UnknownPart]:
    """What the providers are that the wanted and the live trust name, by name. Never raises.

    Not from memory when it is `urgent`, or when a person has asked for a look.
    """
    gated = subject.row.gated_field
    if gated is None:
        return {}
    account_id = session.account.account_id
    names = {
        name for side in trusts for name in providers.named(side.fields.get(gated.name), account_id)
    }
    asked = subject.request != str(subject.status.get("lastHandledReconcileAt") or "")
    found: dict[str, Entry | UnknownPart] = {}
    for name in sorted(names):
        now = ports.clock.monotonic()
        try:
            text = session.kept.providers.read(session.client, name, now, fresh=urgent or asked)
        except RamOperatorError as error:
            found[name] = UnknownPart(error)
        else:
            found[name] = Entry(name, text)
    return found


def urgent(ballot: Ballot, record: RecordFacts, live: Live) -> bool:
    """Whether a trust may be about to be sent: the role is created, or the object bears an approval
    that was not used up yet.
    """
    approved = bool(ballot.approve) and ballot.approve not in record.used
    return approved or live.presence is Presence.ABSENT
