"""Histories: what people do to a world, drawn from a seed, kept as JSON.

A history is a list of rounds. In a round somebody works by hand in the cloud, then faults are
armed, then manifests change; then everything comes to rest and is judged. Every command can be
left out without making another one senseless, since one that does not apply is skipped.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.histories.model import ESCALATING, OUTSIDE

Json = dict[str, Any]
SLOTS: Final = {
    "RamRole": ("r0", "r1"),
    "RamPolicy": ("p0", "p1"),
    "RamUser": ("u0", "u1"),
    "RamGroup": ("g0",),
}
SYSTEM: Final = ("AliyunOSSReadOnlyAccess", "AliyunECSReadOnlyAccess", "AliyunOSSFullAccess")
THEIRS: Final = "theirs"
"""A custom policy that nobody manages."""
OUTSIDER: Final = "outsider"
"""A user that nobody manages."""
SERVICES: Final = ("fc.aliyuncs.com", "ecs.aliyuncs.com", "log.aliyuncs.com")
ACTIONS: Final = ("oss:GetObject", "oss:PutObject", "ecs:StartInstance", ESCALATING)
TEXTS: Final = ("one", "two", "three")
WHOLE: Final = ("create", "remove")
"""Deeds that begin or end an identity."""
FAULTS: Final = ("throttle", "error_before", "error_after", "drop_before", "drop_after")


@dataclass
class Round:
    """hand: {kind, name, what, value}. manifest: {kind, name, spec}, spec None deletes.

    What is deleted and what refers to it do not change in the same round: who is looked at first
    would matter.
    """

    hand: list[Json] = field(default_factory=list)
    manifest: list[Json] = field(default_factory=list)
    fault: Json | None = None


@dataclass
class History:
    """What happens to one world."""

    seed: int
    preset: str
    rounds: list[Round]

    def size(self) -> int:
        return sum(len(r.hand) + len(r.manifest) + (r.fault is not None) for r in self.rounds)

    def dump(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    def smaller(self) -> Iterator[History]:
        """The same history without one round, or without one command."""
        for at, one in enumerate(self.rounds):
            yield self._with(at)
            for number in range(len(one.hand)):
                hand = [*one.hand[:number], *one.hand[number + 1 :]]
                yield self._with(at, Round(hand, one.manifest, one.fault))
            for number in range(len(one.manifest)):
                manifest = [*one.manifest[:number], *one.manifest[number + 1 :]]
                yield self._with(at, Round(one.hand, manifest, one.fault))
            if one.fault is not None:
                yield self._with(at, Round(one.hand, one.manifest))

    def _with(self, at: int, *instead: Round) -> History:
        return History(
            self.seed, self.preset, [*self.rounds[:at], *instead, *self.rounds[at + 1 :]]
        )


def load(path: Path) -> History:
    """A history that was kept."""
    row = json.loads(path.read_text())
    return History(row["seed"], row["preset"], [Round(**one) for one in row["rounds"]])


def draw(seed: int, *, apart: bool = False) -> History:
    """The history of a seed. `apart`: no round has both work by hand and changes of manifests."""
    return _Draw(random.Random(seed)).history(seed, apart)


class _Draw:
    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.known: set[tuple[str, str]] = set()
        every = [(kind, name) for kind, names in SLOTS.items() for name in names]
        # Few things, so that what happens to one of them meets what happened to it before.
        self.focus = [("RamRole", "r0"), *source.sample(every[1:], source.choice((1, 2, 2)))]
        self.focus.sort(key=lambda name: tuple(SLOTS).index(name[0]))

    def history(self, seed: int, apart: bool) -> History:
        rounds = [self._round(first=True)]
        rounds += [self._round() for _ in range(self.random.choice((2, 3, 3)))]
        if apart:
            rounds = [part for one in rounds for part in _parts(one)]
        return History(seed, self.random.choice(("hostile", "friendly")), rounds)

    def _round(self, *, first: bool = False) -> Round:
        hand = self._some_of(self._by_hand, (0, 0, 0, 1) if first else (0, 1, 1, 2, 3))
        manifest = self._some_of(self._manifest, (2, 3) if first else (0, 1, 1, 2))
        if not hand and not manifest:
            manifest = [self._manifest()]
        if any(command["spec"] is None for command in manifest):
            manifest = [command for command in manifest if command["spec"] is None]
        fault = None
        if self.random.random() < 0.25:
            fault = {
                "kind": self.random.choice(FAULTS),
                "nth": self.random.randint(1, 5),
                "times": self.random.randint(1, 2),
            }
        return Round(_distinct(hand), _distinct(manifest), fault)

    def _some_of(self, one: Callable[[], Json], numbers: tuple[int, ...]) -> list[Json]:
        return [one() for _ in range(self.random.choice(numbers))]

    def _name(self) -> tuple[str, str]:
        return self.random.choice(self.focus)

    # -- manifests --------------------------------------------------------------------------------

    def _manifest(self) -> Json:
        kind, name = self._name()
        if (kind, name) in self.known and self.random.random() < 0.25:
            self.known.discard((kind, name))
            return {"kind": kind, "name": name, "spec": None}
        create = (kind, name) not in self.known
        self.known.add((kind, name))
        spec = {key: make() for key, make in self._fields(kind).items()}
        if not create:
            chosen = self.random.sample(sorted(spec), self.random.randint(1, 2))
            spec = {key: spec[key] for key in chosen}
        return {"kind": kind, "name": name, "spec": spec}

    def _fields(self, kind: str) -> Json:
        choice = self.random.choice
        common: Json = {
            "deletionPolicy": lambda: choice(("Retain", "Delete")),
            "adoptionPolicy": lambda: choice(("Never", "IfExists")),
            "driftPolicy": lambda: choice(("Report", "RevertExcess", "Revert")),
        }
        policies: Json = {
            "policies": self._policies,
            "policyMode": lambda: choice(("Exclusive", "Exclusive", "Additive")),
        }
        of_kind: dict[str, Json] = {
            "RamRole": {
                "trust": lambda: self._trust(OUTSIDE if self.random.random() < 0.1 else None),
                "description": lambda: choice(TEXTS),
                "session": lambda: choice((3600, 7200, 43200)),
                "tag": lambda: choice((None, "a", "b")),
                **policies,
            },
            "RamPolicy": {
                "document": self._document,
                "description": lambda: choice(TEXTS),
                "tag": lambda: choice((None, "a", "b")),
            },
            "RamUser": {
                "displayName": lambda: choice(TEXTS),
                "comments": lambda: choice(TEXTS),
                **policies,
            },
            "RamGroup": {
                "comments": lambda: choice(TEXTS),
                "members": self._members,
                "memberMode": lambda: choice(("Exclusive", "Exclusive", "Additive")),
                **policies,
            },
        }
        return {**common, **of_kind[kind]}

    def _some(self, things: list[Any], least: int = 0) -> list[Any]:
        return sorted(self.random.sample(things, self.random.randint(least, min(3, len(things)))))

    def _trust(self, further: str | None = None) -> list[str]:
        return sorted([*self._some(list(SERVICES), 1), *([further] if further else [])])

    def _document(self) -> list[str]:
        return self._some(list(ACTIONS), 1)

    def _policies(self) -> list[list[str]]:
        known = [name for kind, name in self.focus if kind == "RamPolicy"]
        entries = [["System", name] for name in SYSTEM] + [["Custom", THEIRS]]
        names = known if known and self.random.random() < 0.9 else SLOTS["RamPolicy"]
        return self._some(entries + [["RamPolicy", name] for name in sorted(names)])

    def _members(self) -> list[list[str]]:
        return self._some([["User", OUTSIDER], *(["RamUser", name] for name in SLOTS["RamUser"])])

    # -- by hand ----------------------------------------------------------------------------------

    def _by_hand(self) -> Json:
        kind, name = self._name()
        what, value = self._deed(kind)
        return {"kind": kind, "name": name, "what": what, "value": value}

    def _deed(self, kind: str) -> tuple[str, Any]:
        choice = self.random.choice
        attach: Json = {
            "attach": lambda: ["System", choice(SYSTEM)],
            "detach": lambda: self.random.randint(0, 9),
            "create": lambda: {"trust": self._trust(), "document": self._document()},
        }
        deeds: dict[str, Json] = {
            "RamRole": {
                "trust": lambda: self._trust(OUTSIDE if self.random.random() < 0.2 else None),
                "description": lambda: choice(TEXTS),
                "session": lambda: choice((3600, 7200, 43200)),
                "tag": lambda: choice((None, "a", "b")),
                "remove": lambda: None,
                **attach,
            },
            "RamPolicy": {
                "document": self._document,
                "description": lambda: choice(TEXTS),
                "tag": lambda: choice((None, "a", "b")),
                "create": attach["create"],
            },
            "RamUser": {"comments": lambda: choice(TEXTS), **attach},
            "RamGroup": {
                "comments": lambda: choice(TEXTS),
                "join": lambda: choice((OUTSIDER, *SLOTS["RamUser"])),
                "expel": lambda: self.random.randint(0, 9),
                **attach,
            },
        }
        what = choice(sorted(deeds[kind]))
        return what, deeds[kind][what]()


def _distinct(commands: list[Json]) -> list[Json]:
    """One command for each part of a thing, and one alone where it begins or ends."""
    found: dict[tuple[str, str, str], Json] = {}
    whole = {_place(command) for command in commands if command.get("what") in WHOLE}
    for command in commands:
        part = "" if _place(command) in whole else command.get("what", "")
        if part or command.get("what") in WHOLE or "what" not in command:
            found[(*_place(command), part)] = command
    return list(found.values())


def _place(command: Json) -> tuple[str, str]:
    return command["kind"], command["name"]


def _parts(one: Round) -> Iterator[Round]:
    if one.hand:
        yield Round(hand=one.hand)
    if one.manifest or not one.hand:
        yield Round(manifest=one.manifest, fault=one.fault)
