"""What a world has to look like at rest, by the user guide alone. Pure; nothing of the product.

Notes what people do; `rules.settle` says what follows. Trusts are sets of principals, documents
sets of actions, so that wider and narrower are plain set relations. It must stay naive: a mistake
made here and in the operator would go unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Name = tuple[str, str]
Spec = dict[str, Any]
Entry = tuple[str, str]
OUTSIDE: Final = "acs:ram::9999999999999999:root"
"""A principal that no new role may trust by itself."""
ESCALATING: Final = "ram:AttachPolicyToUser"
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "RamRole": ("description", "session"),
    "RamPolicy": ("description", "document"),
    "RamUser": ("displayName", "comments"),
    "RamGroup": ("comments",),
}
ENTRIES: Final[Mapping[str, tuple[str, ...]]] = {
    "RamRole": ("policies",),
    "RamPolicy": (),
    "RamUser": ("policies",),
    "RamGroup": ("policies", "members"),
}
REFERENCES: Final = {"RamPolicy": ("RamPolicy", "Custom"), "RamUser": ("RamUser", "User")}
"""Type of an entry that names an object → that object's kind, type of the entry in the cloud."""
MODES: Final = {"policies": "policyMode", "members": "memberMode"}


@dataclass
class Identity:
    """What the cloud holds under a name. `fields`: values, and sets of entries."""

    number: int
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Record:
    """Who manages a name, which of the identities that had it, and what was last agreed on."""

    owner: int | None = None
    number: int = 0
    baseline: frozenset[str] | None = None
    document: frozenset[str] | None = None
    session: int = 0
    """Seconds of a session that were agreed on."""
    agreed: dict[str, dict[Entry, bool]] = field(default_factory=dict)
    """Entries that were agreed on, and whether they gave a right to change rights then."""


@dataclass
class Memory:
    """What was last asked for of each field; entries in `kept` were left as found."""

    values: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, frozenset[Entry]] = field(default_factory=dict)
    kept: dict[str, frozenset[Entry]] = field(default_factory=dict)
    excess: dict[str, frozenset[Entry]] = field(default_factory=dict)


@dataclass
class Thing:
    """An object in the cluster."""

    number: int
    spec: Spec
    memory: Memory | None = None
    finalizer: bool = False
    ending: bool = False
    watched: bool = False
    """The operator has looked since the identity was as agreed on."""
    found: bool = False
    """The cloud has what it asks for, and nobody agreed on it."""


@dataclass
class Model:
    """One world. `cloud` is compared with the emulator's true state."""

    things: dict[Name, Thing] = field(default_factory=dict)
    cloud: dict[Name, Identity] = field(default_factory=dict)
    records: dict[Name, Record] = field(default_factory=dict)
    removals: int = 0
    """Deletions and detachments that the brake counts."""
    _count: int = 0

    def number(self) -> int:
        self._count += 1
        return self._count

    # -- what people do -------------------------------------------------------------------------

    def put(self, name: Name, spec: Mapping[str, Any]) -> None:
        """Create the object or change fields of its spec; None takes a field out."""
        thing = self.things.get(name)
        if thing is None:
            thing = self.things[name] = Thing(self.number(), {})
        thing.spec = {k: v for k, v in {**thing.spec, **spec}.items() if v is not None}

    def delete(self, name: Name) -> None:
        """Delete the object; what that means for the cloud comes with `settle`."""
        if self.things[name].finalizer:
            self.things[name].ending = True
            self.removals += 1
        else:
            del self.things[name]

    def born(self, name: Name, **fields: Any) -> None:
        """An identity comes into being."""
        self.cloud[name] = Identity(self.number(), _blank(name, fields))

    # -- what is asked of it ----------------------------------------------------------------------

    def managed(self, name: Name) -> bool:
        """Whether the object manages what stands under its name."""
        identity, record = self.cloud.get(name), self.records.get(name)
        thing = self.things.get(name)
        return (
            thing is not None
            and not thing.ending
            and identity is not None
            and record is not None
            and record.owner is not None
            and record.number == identity.number
        )

    def agrees(self, name: Name) -> bool:
        """Whether the cloud is as the object asks: then, and only then, it is Ready."""
        if not self.managed(name):
            return False
        if self.things[name].found:
            return False
        spec, live = self.things[name].spec, self.cloud[name].fields
        wanted = desired(name[0], spec)
        if any(live[key] != value for key, value in wanted.items()):
            return False
        for key in ENTRIES[name[0]]:
            asked, missing = self.resolve(spec, key)
            beyond = live[key] - asked and spec.get(MODES[key]) != "Additive"
            if missing or asked - live[key] or beyond:
                return False
        return True

    def resolve(self, spec: Spec, key: str) -> tuple[frozenset[Entry], bool]:
        """The entries as the cloud knows them, and whether some name an object that is not ready"""
        found, missing = set(), False
        for kind, name in spec.get(key, ()):
            if kind not in REFERENCES:
                found.add((kind, name))
                continue
            target = (REFERENCES[kind][0], name)
            record, thing = self.records.get(target), self.things.get(target)
            if thing is None or thing.ending or record is None or record.owner is None:
                missing = True
            else:
                found.add((REFERENCES[kind][1], name))
        return frozenset(found), missing

    def stays(self, spec: Spec, key: str, entry: Entry) -> bool:
        """Whether an object that is referred to and not ready may stand for the entry."""
        for kind, name in spec.get(key, ()):
            if kind in REFERENCES and entry[0] == REFERENCES[kind][1]:
                missing = self.resolve({key: [(kind, name)]}, key)[1]
                unknown = self.things.get((REFERENCES[kind][0], name)) is None
                if missing and (unknown or entry[1] == name):
                    return True
        return False

    def holders(self, policy: str) -> Iterator[Name]:
        """Who has the custom policy attached."""
        for name, identity in self.cloud.items():
            if ("Custom", policy) in identity.fields.get("policies", ()):
                yield name


def desired(kind: str, spec: Spec) -> dict[str, Any]:
    """The single values that are managed: what the manifest has, and the trust."""
    wanted = {key: spec[key] for key in VALUES[kind] if key in spec}
    if kind == "RamRole":
        wanted.setdefault("session", 3600)
        wanted["trust"] = frozenset(spec["trust"])
    if "document" in spec:
        wanted["document"] = frozenset(spec["document"])
    if "tag" in spec:
        wanted["tag"] = spec["tag"]
    return wanted


def _blank(name: Name, fields: Mapping[str, Any]) -> dict[str, Any]:
    kind = name[0]
    blank: dict[str, Any] = dict.fromkeys(VALUES[kind], "")
    blank |= {key: frozenset() for key in ENTRIES[kind]}
    if kind in ("RamRole", "RamPolicy"):
        blank["tag"] = None
    if kind == "RamRole":
        blank["session"] = 3600
    return blank | dict(fields)


def direction(key: str, before: Any, after: Any) -> tuple[bool, bool]:
    """Whether going from before to after gives something, and whether it takes something away."""
    rules: Mapping[str, Callable[[], tuple[bool, bool]]] = {
        "session": lambda: (after > before, after < before),
        "document": lambda: (bool(after - before), bool(before - after)),
    }
    return rules.get(key, lambda: (False, False))()
