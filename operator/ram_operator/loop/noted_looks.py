"""What close looks and our own writes say an identity has, kept for the lists of its account.

A list is compared with this: where both say the same nobody looks, whoever wrote what was new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ..cloud import attachment_list
from ..errors import OutcomeUnknown
from ..kinds.identity import Identity
from ..kinds.table import KINDS
from ..model.state import Live
from ..model.steps import Attach, CloudStep, Creation, Delete, Detach
from ..model.vocabulary import Presence
from ..runtime.attachment_index import AttachmentIndex
from ..runtime.sessions import Session
from .ports import Ports

POLICIES: Final = "policies"
_READ: Final = "attachments"


def look(ports: Ports, session: Session, kind: str, cloud_name: str) -> Live:
    """A close look at all of the identity."""
    live = ports.observer(session).look(kind, cloud_name)
    index = _index(ports, session, kind)
    if index is not None and live.presence is not Presence.UNKNOWN:
        found = live.value(POLICIES)
        policies = frozenset(found) if isinstance(found, Mapping) else None
        index.noted(attachment_list.identity(KINDS[kind].noun, cloud_name), policies, live.read_at)
    return live


@contextmanager
def writing(ports: Ports, session: Session, identity: Identity, step: CloudStep) -> Iterator[None]:
    """Around one write: afterwards the identity has what it had and what was attached."""
    index = _index(ports, session, identity.kind)
    if index is None or not isinstance(step, Attach | Detach | Creation | Delete):
        yield
        return
    name = attachment_list.identity(KINDS[identity.kind].noun, identity.cloud_name)
    try:
        yield
    except OutcomeUnknown:
        index.noted(name, None, ports.clock.monotonic())
        raise
    now = ports.clock.monotonic()
    if isinstance(step, Attach):
        index.wrote(name, step.entries.keys(), frozenset(), now)
    elif isinstance(step, Detach):
        index.wrote(name, frozenset(), step.entries.keys(), now)
    else:
        index.noted(name, frozenset() if isinstance(step, Creation) else None, now)


def _index(ports: Ports, session: Session, kind: str) -> AttachmentIndex | None:
    """None where no list is compared with it."""
    if not ports.settings.sweep_seconds or _READ not in KINDS[kind].reads:
        return None
    account = session.account
    return ports.sweeps.lists(account.name, account.account_id).attachments
