"""One close look at one identity: each part a value, absent, or unknown with its error.

Serves the `Observer` protocol call by call. READS has one function per read that the table in
`kinds` names; a part whose read fails is an UnknownPart and never an empty value.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from ..constants import OWNER_TAG_CLUSTER, OWNER_TAG_NAME, OWNER_TAG_NAMESPACE, Reason
from ..errors import Absent, RamOperatorError
from ..kinds.group import GROUP
from ..kinds.policy import POLICY
from ..kinds.role import ROLE
from ..kinds.table import KINDS
from ..kinds.user import USER
from ..model.objects import FieldValue, Owner, UnknownPart
from ..model.state import CloudCalls, Live
from ..model.vocabulary import Presence
from .attachment_calls import read_attachments
from .calls import Fields
from .group_calls import read_group, read_members
from .policy_calls import read_policy
from .role_calls import read_role
from .tag_calls import read_tags, read_user_tags
from .user_calls import read_access, read_groups, read_mfa, read_user


class CloseObserver:
    """Looks by calling the cloud; `calls` is one account's client, `clock` a monotonic one."""

    def __init__(self, calls: CloudCalls, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock

    def glance(self, kind: str, cloud_name: str) -> Live:
        """What the first call alone says: of the other parts it knows nothing, so they are left out
        as if nobody managed them. Never raises errors of the cloud.
        """
        try:
            return GETS[kind](self._calls, cloud_name)
        except Absent:
            return Live(Presence.ABSENT, cloud_name)
        except RamOperatorError as error:
            return Live(Presence.UNKNOWN, cloud_name, error=error)

    def look(self, kind: str, cloud_name: str) -> Live:
        """What the cloud says now. Never raises errors of the cloud: they are in the value."""
        begun = self._clock()
        try:
            live = GETS[kind](self._calls, cloud_name)
        except Absent:
            return Live(Presence.ABSENT, cloud_name, read_at=begun)
        except RamOperatorError as error:
            return Live(Presence.UNKNOWN, cloud_name, error=error)
        fields: Fields = dict(live.fields)
        row = KINDS[kind]
        for read in row.reads:
            names = [field.name for field in row.fields if field.read == read]
            try:
                fields.update(READS[read](self._calls, row.noun, live))
            except RamOperatorError as error:
                if not (row.optional(read) and error.reason is Reason.ACCESS_DENIED):
                    fields.update({name: UnknownPart(error) for name in names})
        return Live(
            presence=Presence.PRESENT,
            cloud_name=live.cloud_name,
            cloud_id=live.cloud_id,
            arn=live.arn,
            fields=fields,
            service_linked=live.service_linked,
            default_version=live.default_version,
            created_at=live.created_at,
            owner=_owner(fields.get(row.tag_field)),
            read_at=begun,
        )


def _owner(tags: FieldValue | UnknownPart | None) -> Owner | None:
    if not isinstance(tags, Mapping) or OWNER_TAG_NAME not in tags:
        return None
    parts = (OWNER_TAG_CLUSTER, OWNER_TAG_NAMESPACE, OWNER_TAG_NAME)
    cluster, namespace, name = (tags[key].value if key in tags else "" for key in parts)
    return Owner(cluster, namespace, name)


GETS: Final[Mapping[str, Callable[[CloudCalls, str], Live]]] = {
    ROLE.kind: read_role,
    POLICY.kind: read_policy,
    USER.kind: read_user,
    GROUP.kind: read_group,
}
READS: Final[Mapping[str, Callable[[CloudCalls, str, Live], Fields]]] = {
    "user tags": read_user_tags,
    "attachments": read_attachments,
    "tags": read_tags,
    "groups": read_groups,
    "members": read_members,
    "access": read_access,
    "mfa": read_mfa,
}
