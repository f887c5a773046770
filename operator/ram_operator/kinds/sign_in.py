"""Which ways to sign in count as agreed on, by what manifest and record of a user say. Pure.

Unmanaged: what existed when the record was made is agreed on, by its id, and is no drift. None: no
way is. AccessKey: the keys that the operator makes are, once somebody let it make any for this very
object, or nobody had to. The record keeps the mode, which counts where the manifest leaves it out;
what is met for the first time is Unmanaged then, so that bringing an account under git raises no
alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..constants import AccessMode
from ..model.objects import Entries, Entry
from ..model.records import NOT_READ, RecordFacts
from ..model.state import Desired, Live

FIELD: Final = "access"
"""The field that holds them, and its part of what a record says was agreed on."""
MODE: Final = "mode"
"""In that part, beside the ids of the ways: the mode, None where there is none."""
FOR: Final = "for"
"""Beside the mode AccessKey: for which object keys may be made, and into which Secret."""
ISSUE: Final = "issue"
"""Stands for it that keys are made, where that has to be agreed on."""
PROFILE: Final = "loginProfile"
SHOWN: Final = 4
"""Characters of a key's id that people are shown, at least."""
INACTIVE: Final = "inactive"
"""Value of a key or login profile that lets nobody in, and what a record says of one."""
UNREAD: Final = "on or off is not known"
"""Value of a login profile of which IMS may not be asked: it counts as what was agreed on."""
ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class Access:
    """How the ways to sign in of one user stand to what was agreed on."""

    mode: AccessMode
    live: Entries
    """All of them, by folded key."""
    agreed: Mapping[str, str]
    """Id of a way → active or inactive."""
    first: bool = False
    """The record knows nothing of the identity yet: what is there is agreed on where unmanaged."""
    switched: bool = False
    """The record does not say yet what was agreed on of it: what is there takes somebody's word."""
    made: frozenset[str] = frozenset()
    """Ids of the keys that the operator made."""

    @property
    def expected(self) -> Entries:
        """What is no drift: agreed on, or shown to people for their word."""
        if self.mode is AccessMode.NONE:
            return {}
        if self.mode is AccessMode.ACCESS_KEY:
            return {key: entry for key, entry in self.live.items() if entry.handle in self.made}
        if self.first or self.switched:
            return self.live
        return {key: entry for key, entry in self.live.items() if self._is_agreed(entry)}

    @property
    def unsettled(self) -> Entries:
        """What somebody has to agree on before it counts as there from the first."""
        return self.live if self.mode is AccessMode.UNMANAGED and self.switched else {}

    @property
    def news(self) -> Mapping[str, str]:
        """What the record is to say without anybody's word, "" for what no more holds: what is gone
        or lets nobody in any more is not agreed on if it comes back.
        """
        if self.mode is AccessMode.ACCESS_KEY:
            return {}
        if self.mode is AccessMode.NONE:
            return {MODE: self.mode, **dict.fromkeys(self.agreed, "")} if self.switched else {}
        if self.first or (self.switched and not self.live):
            said = {identifier(entry): state(entry) for entry in self.live.values()}
            gone = dict.fromkeys(self.agreed.keys() - said.keys(), "")
            return {MODE: self.mode, **gone, **said}
        if self.switched:
            return {}
        now = {identifier(entry): state(entry) for entry in self.live.values()}
        gone = dict.fromkeys(self.agreed.keys() - now.keys(), "")
        off = {k: t for k, t in now.items() if (self.agreed.get(k), t) == (ACTIVE, INACTIVE)}
        return {**gone, **off}

    def _is_agreed(self, entry: Entry) -> bool:
        known = self.agreed.get(identifier(entry))
        return known == ACTIVE or (known == INACTIVE and entry.value in (INACTIVE, UNREAD))


def identifier(entry: Entry) -> str:
    """By which a record knows a way to sign in: a key by its id, a login profile, which has none,
    by when it was made.
    """
    return f"{entry.display.split(' ')[0]}/{entry.handle}"


def state(entry: Entry) -> str:
    return INACTIVE if entry.value == INACTIVE else ACTIVE


def of(desired: Desired, live: Live, record: RecordFacts, *, completing: bool) -> Access | None:
    """How they stand; None where the kind has none, or they could not be read."""
    found = live.fields.get(FIELD)
    if FIELD not in desired.modes or not isinstance(found, Mapping):
        return None
    said = record.agreed.entries.get(FIELD) or {}
    first = met(record, completing=completing)
    mode = wanted(desired, record, first=first)
    rest = {key: text for key, text in said.items() if key != MODE}
    if mode is AccessMode.NONE:
        others = (AccessMode.UNMANAGED, AccessMode.ACCESS_KEY)
        return Access(mode, found, rest, switched=said.get(MODE) in others)
    ids = {key: text for key, text in rest.items() if key != FOR}
    if mode is AccessMode.ACCESS_KEY:
        return Access(mode, found, ids, made=record.keys.ids)
    known = said.get(MODE) == AccessMode.UNMANAGED and NOT_READ not in said
    mine = known and record.cloud_id in ("", live.cloud_id)
    return Access(mode, found, ids, first=first, switched=not (first or mine))


def met(record: RecordFacts, *, completing: bool) -> bool:
    """Whether it is taken over now: no identity of that name was made, offered or found before."""
    return not (record.cloud_id or completing or record.never_made)


def wanted(desired: Desired, record: RecordFacts, *, first: bool) -> AccessMode:
    """What the manifest says, else the record; of who is met for the first time Unmanaged."""
    asked = desired.modes.get(FIELD, "")
    said = (record.agreed.entries.get(FIELD) or {}).get(MODE, "")
    return AccessMode(asked or said or (AccessMode.UNMANAGED if first else AccessMode.NONE))


def entitled(desired: Desired, record: RecordFacts) -> bool:
    """Whether keys may be made for this very object, and into that Secret, by what the record says.

    While there is a Secret nothing goes into another one, whatever the manifest says.
    """
    said = record.agreed.entries.get(FIELD) or {}
    if desired.keeps is None or said.get(MODE) != AccessMode.ACCESS_KEY:
        return False
    uid, _, secret = said.get(FOR, "").partition(" ")
    there = desired.keeps.value in ("", secret) or bool(record.keys.secret_uid)
    return uid == desired.keeps.handle and there


def entitles(issue: Entry) -> Mapping[str, str]:
    """What a record is to say where they may, see `manifest.keeping`."""
    return {MODE: AccessMode.ACCESS_KEY, FOR: f"{issue.handle} {issue.value}"}


def shown(end: str) -> str:
    """A key by the last characters of its id, as much as people need."""
    return f"…{end}"


def way(end: str) -> str:
    """That key among the ways to sign in."""
    return f"accessKey/{shown(end)}"


def unread(desired: Desired) -> Mapping[str, str]:
    """What a record is to say of a user whose ways to sign in could not be read when it was met."""
    if desired.modes.get(FIELD, AccessMode.NONE) in (AccessMode.NONE, AccessMode.ACCESS_KEY):
        return {}
    return {MODE: AccessMode.UNMANAGED, NOT_READ: NOT_READ}


def expecting(desired: Desired, live: Live, record: RecordFacts, *, completing: bool) -> Desired:
    """The same with what is no drift of the ways to sign in."""
    access = of(desired, live, record, completing=completing)
    if access is None:
        return desired
    return replace(desired, fields={**desired.fields, FIELD: access.expected})
