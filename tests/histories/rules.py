"""What follows from what people do, by the user guide alone. Pure; nothing of the product.

`settle` looks at every object of a model again and again until nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tests.histories.model import (
    ENTRIES,
    ESCALATING,
    MODES,
    OUTSIDE,
    Entry,
    Identity,
    Memory,
    Model,
    Name,
    Record,
    desired,
    direction,
)

LEAST: Final = 3600
"""Seconds of a session where nobody gave it more."""
KEPT: Final = "kept"
"""Marks a value that was left as found."""


def settle(model: Model) -> None:
    """Carry out the rules until nothing moves."""
    for _ in range(20):
        before = repr((model.things, model.cloud, model.records))
        for name in sorted(model.things):
            _Step(model, name).run()
        if repr((model.things, model.cloud, model.records)) == before:
            return
    raise AssertionError("the model does not come to rest")


class _Step:
    """One look at one object."""

    def __init__(self, model: Model, name: Name) -> None:
        self.model = model
        self.name = name
        self.kind = name[0]
        self.thing = model.things[name]
        self.spec = self.thing.spec
        self.record = model.records.setdefault(name, Record())
        self.missing = any(model.resolve(self.spec, key)[1] for key in ENTRIES[self.kind])
        self.policy = self.spec.get("driftPolicy", "RevertExcess")

    def run(self) -> None:
        identity = self.model.cloud.get(self.name)
        if self.thing.ending:
            self._end(identity)
        elif identity is None:
            self._absent()
        elif self._ours(identity):
            self._manage(identity)

    # -- whose it is ----------------------------------------------------------------------------

    def _ours(self, identity: Identity) -> bool:
        record = self.record
        if record.owner is None or record.number != identity.number:
            if self.spec.get("adoptionPolicy") != "IfExists":
                return False
            # The record starts with what was found, whoever had the name before.
            record.number = identity.number
            record.baseline = identity.fields.get("trust")
            record.document = identity.fields.get("document")
            record.session = identity.fields.get("session", 0)
            self.record.agreed = {}
            for key in ENTRIES[self.kind]:
                self._agree(key, identity.fields[key])
            self.thing.memory = None
        record.owner = self.thing.number
        self.thing.finalizer = self.spec.get("deletionPolicy") == "Delete"
        return True

    def _absent(self) -> None:
        record = self.record
        if record.owner == self.thing.number and record.number:
            return  # deleted by hand: said, and not given back
        if self.missing:
            return
        if self.kind == "RamRole":
            trust = frozenset(self.spec["trust"])
            if OUTSIDE in trust or record.baseline not in (None, trust):
                return
            record.baseline = trust
        wanted = desired(self.kind, self.spec)
        entries = {
            key: frozenset(
                entry
                for entry in self.model.resolve(self.spec, key)[0]
                if self._harmless(key, entry)
            )
            for key in ENTRIES[self.kind]
        }
        asked, _ = self.model.resolve(self.spec, "policies")
        waits = wanted.get("session", 0) > LEAST and asked != entries.get("policies", asked)
        wanted |= {"session": LEAST} if waits else {}
        self.model.born(self.name, **wanted, **entries)
        record.session = wanted.get("session", 0)
        record.owner, record.number = self.thing.number, self.model.cloud[self.name].number
        record.document, record.agreed = wanted.get("document"), {}
        for key in ENTRIES[self.kind]:
            self._agree(key, entries[key])
        self.thing.watched = True
        self.thing.finalizer = self.spec.get("deletionPolicy") == "Delete"
        for key in ("trust", *(["session"] if waits else [])):
            wanted.pop(key, None)
        self.thing.memory = Memory(values=wanted, entries=entries)

    def _end(self, identity: Identity | None) -> None:
        record, cloud = self.record, self.model.cloud
        foreign = record.owner is None or (identity and record.number != identity.number)
        if identity is not None and not foreign:
            if self.kind == "RamPolicy" and any(self.model.holders(self.name[1])):
                return
            del cloud[self.name]
            if self.kind == "RamUser":
                for other in cloud.values():
                    if "members" in other.fields:
                        other.fields["members"] -= {("User", self.name[1])}
        if record.owner is not None:
            record.owner, record.number = None, 0
        del self.model.things[self.name]

    # -- an identity of ours ----------------------------------------------------------------------

    def _manage(self, identity: Identity) -> None:
        self.thing.found = False
        live, fresh = identity.fields, self.thing.memory is None
        memory = self.thing.memory or Memory()
        self.outside = OUTSIDE in live.get("trust", ()) or OUTSIDE in self.spec.get("trust", ())
        exceeds = self._trust(live) if self.kind == "RamRole" else False
        self.privileged = self.outside or self._carries(live, memory)
        self.thing.memory = Memory()
        for key, value in desired(self.kind, self.spec).items():
            if key not in ("trust", "tag"):
                self._value(key, value, live, memory, fresh, exceeds)
        if "tag" in live:
            self._tag(live, memory, fresh)
        for key in ENTRIES[self.kind]:
            self._entries(key, live, memory, fresh, exceeds)
        self.thing.watched = not self.thing.found

    def _agree(self, key: str, entries: Iterable[Entry]) -> None:
        """From now on these are agreed on; members only where the group has rights."""
        known = self.record.agreed.setdefault(key, {})
        for entry in entries:
            right = not self._harmless(key, entry)
            if key == "policies" or right:
                known.setdefault(entry, right)

    def _unasked(self, key: str, entry: Entry) -> bool:
        """Whether the entry gives a right that nobody agreed on."""
        if entry in self.record.agreed.get(key, {}):
            return False
        if key == "policies":
            return not self._harmless(key, entry)
        agreed = self.record.agreed.get("policies", {})
        has = self.model.cloud[self.name].fields["policies"]
        return any(agreed.get(p, not self._harmless("policies", p)) for p in has)

    def _goes(self) -> bool:
        """Whether what nobody agreed on is taken away although it is asked for."""
        if self.policy != "Report" and self.thing.watched:
            return True
        self.thing.found = True
        return False

    def _carries(self, live: dict[str, Any], memory: Memory) -> bool:
        """Whether the role has, or is to have, a policy that is not harmless; what is detached as
        asked for goes first.
        """
        if self.kind != "RamRole":
            return False
        wanted, _ = self.model.resolve(self.spec, "policies")
        ours = {e for e in memory.entries.get("policies", ()) if not self._stays("policies", e)}
        has = live["policies"] - (ours - wanted)
        return not all(self._harmless("policies", entry) for entry in wanted | has)

    def _trust(self, live: dict[str, Any]) -> bool:
        """Takes back what was added by hand; whether more is trusted than is asked for."""
        wanted, base = frozenset(self.spec["trust"]), self.record.baseline
        assert base is not None
        if live["trust"] == wanted:
            if not wanted - base:
                # Manifest and cloud take the same away.
                self.record.baseline = wanted
            elif self._goes():
                live["trust"] &= base
            else:
                return True
        elif self.policy != "Report" and live["trust"] - base:
            live["trust"] &= base
        return bool(live["trust"] - wanted)

    def _value(
        self, key: str, value: Any, live: dict[str, Any], memory: Memory, fresh: bool, exceeds: bool
    ) -> None:
        after = self.thing.memory
        assert after is not None
        known = memory.values.get(key)
        after.values[key] = value
        if key == "document" and self._document(value, live, known):
            return
        if key == "session" and self._session(value, live, known, memory):
            return
        if live[key] == value:
            return
        gains, loses = direction(key, live[key], value)
        escalates = gains and (key == "session" and self.privileged)
        escalates = escalates or (gains and key == "document" and ESCALATING in value)
        asked = True
        if fresh or known == (KEPT, value):
            if not loses and self.spec.get("adoptionPolicy") == "IfExists":
                write = True
            else:
                write, after.values[key] = False, (KEPT, value)
        elif known == value:
            write, asked = self._reverts(gains, loses, escalates), False
        else:
            write = True
        if write and gains and (exceeds or (asked and escalates)):
            after.values.pop(key)
            if known is not None:
                after.values[key] = known
        elif write:
            live[key] = value
            if key == "document":
                self.record.document = value
            if key == "session":
                self.record.session = value

    def _session(self, value: int, live: dict[str, Any], known: Any, memory: Memory) -> bool:
        """What was agreed on of a session; whether nothing else is to be said of it."""
        base = self.record.session
        if live["session"] == value:
            if live["session"] <= base or not (self.outside or self._carries(live, Memory())):
                self.record.session = value
            else:
                live["session"] = base if self._goes() else value
                self._unsaid("session", known)
            return True
        if min(live["session"], value) <= base or not self.privileged:
            return False
        if self.policy != "Report":
            live["session"] = base
        self._unsaid("session", known)
        return True

    def _document(self, value: Any, live: dict[str, Any], known: Any) -> bool:
        """What was agreed on of a document; whether nothing else is to be said of it."""
        after, base = self.thing.memory, self.record.document
        assert after is not None
        if base is None:
            return False
        beyond = ESCALATING in live["document"] and ESCALATING not in base
        wish = ESCALATING in value and ESCALATING not in base
        if live["document"] == value:
            if not beyond:
                self.record.document = value
                return True
            if not self._goes():
                self._unsaid("document", known)
                return True
        elif not wish:
            return False
        if beyond and self.policy != "Report":
            live["document"] = base
        self._unsaid("document", known)
        return True

    def _unsaid(self, key: str, known: Any) -> None:
        """What waits was never asked for, as far as the memory goes."""
        after = self.thing.memory
        assert after is not None
        after.values.pop(key)
        if known is not None:
            after.values[key] = known

    def _reverts(self, gains: bool, loses: bool, escalates: bool) -> bool:
        """Whether drift is put right: by the drift policy and what putting it right would give."""
        if self.policy == "Report":
            return False
        if not gains:
            return True
        if not loses and self.policy == "RevertExcess":
            return False
        return not escalates

    def _tag(self, live: dict[str, Any], memory: Memory, fresh: bool) -> None:
        after = self.thing.memory
        assert after is not None
        value, known = self.spec.get("tag"), memory.values.get("tag")
        if value is None:
            if known is not None and not isinstance(known, tuple):
                live["tag"] = None
            return
        after.values["tag"] = value
        if live["tag"] == value:
            return
        if fresh or known == (KEPT, value):
            if self.spec.get("adoptionPolicy") == "IfExists":
                live["tag"] = value
            else:
                after.values["tag"] = (KEPT, value)
        elif known != value or self.policy != "Report":
            live["tag"] = value

    def _entries(
        self, key: str, live: dict[str, Any], memory: Memory, fresh: bool, exceeds: bool
    ) -> None:
        after = self.thing.memory
        assert after is not None
        wanted, _ = self.model.resolve(self.spec, key)
        old, kept = memory.entries.get(key, frozenset()), memory.kept.get(key, frozenset())
        marks, left = set(wanted), set()
        for entry in sorted(wanted & live[key]):
            if not self._unasked(key, entry):
                if key == "policies":
                    self._agree(key, [entry])
                continue
            marks -= set() if entry in old else {entry}
            if self._goes():
                live[key] -= {entry}
                wanted -= {entry}
        for entry in sorted(wanted - live[key]):
            waits = not self._harmless(key, entry)
            if fresh or entry in kept:
                write = self.spec.get("adoptionPolicy") == "IfExists"
                left |= set() if write else {entry}
            elif entry in old:
                write, waits = self._reverts(True, False, waits), False
            else:
                write = True
            if write and (exceeds or waits):
                marks -= set() if entry in old else {entry}
            elif write:
                live[key] |= {entry}
                self._agree(key, [entry])
        excess = set()
        for entry in sorted(live[key] - wanted):
            outcome = self._beyond(key, entry, memory, fresh)
            if outcome == "remove":
                live[key] -= {entry}
                self.model.removals += key in ENTRIES[self.kind] and entry in old
            elif outcome == "excess":
                excess.add(entry)
        gone = self.record.agreed.get(key, {}).keys() - live[key] - wanted
        for entry in gone:
            del self.record.agreed[key][entry]
        marks |= {entry for entry in old - wanted if self._stays(key, entry)}
        after.entries[key] = frozenset(marks) - left
        after.kept[key], after.excess[key] = frozenset(left), frozenset(excess)

    def _beyond(self, key: str, entry: Entry, memory: Memory, fresh: bool) -> str:
        """What becomes of an entry that the manifest does not have: remove, excess or nothing."""
        if entry in memory.entries.get(key, ()):
            return "" if self._stays(key, entry) else "remove"
        if self.spec.get(MODES[key]) == "Additive":
            return ""
        if fresh or entry in memory.excess.get(key, ()):
            return "excess"
        if self.policy == "Report" or self._stays(key, entry):
            return ""
        return "remove"

    def _stays(self, key: str, entry: Entry) -> bool:
        return self.model.stays(self.spec, key, entry)

    def _harmless(self, key: str, entry: Entry) -> bool:
        """Whether what it gives is known not to escalate; a member has what the group has."""
        if key == "members":
            policies, _ = self.model.resolve(self.spec, "policies")
            identity = self.model.cloud.get(self.name)
            has = identity.fields["policies"] if identity is not None else frozenset()
            return all(self._harmless("policies", policy) for policy in policies | has)
        named = ("RamPolicy", entry[1])
        asked = named in {tuple(item) for item in self.spec.get("policies", ())}
        thing = self.model.things.get(named) if asked else None
        documents = [thing.spec["document"]] if thing is not None else []
        if entry[0] == "Custom" and named in self.model.cloud:
            documents.append(self.model.cloud[named].fields["document"])
        return not any(ESCALATING in document for document in documents)
