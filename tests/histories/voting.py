"""Histories in which changes are approved, late, wrongly, or not at all; drawn from a seed.

In a round somebody works by hand, then manifests change, then everything is looked at. What is
offered then is voted on, after more was done by hand. A command that does not apply is skipped.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.histories.commands import OUTSIDER, SERVICES
from tests.histories.model import ESCALATING, OUTSIDE

Json = dict[str, Any]
NAMES: Final = {"RamPolicy": "p0", "RamUser": "u0", "RamRole": "r0", "RamGroup": "g0"}
"""One object of each kind, in the order in which they refer to each other."""
HOLDERS: Final = ("RamRole", "RamUser", "RamGroup")
READER: Final = ["System", "AliyunOSSReadOnlyAccess"]
ADMIN: Final = ["System", "AdministratorAccess"]
CUSTOM: Final = ["Custom", NAMES["RamPolicy"]]
HARMLESS: Final = "oss:GetObject"
FIRST: Final[dict[str, Json]] = {
    "RamPolicy": {"document": [HARMLESS]},
    "RamUser": {"displayName": "one", "policies": []},
    "RamRole": {"trust": [SERVICES[0]], "policies": []},
    "RamGroup": {"policies": [], "members": []},
}
"""What each object asks for when it is made: nothing that has to be approved."""
VOTES: Final = ("now", "now", "now", "old", "other", "reject", "crossed", "none")
"""now: approve what was offered. old, other: with a digest that an earlier offer of it, or another
object, had. crossed: with that of drift that may be acknowledged.
"""
DRIFT: Final = ("acknowledge", "acknowledge", "old", "crossed", "end", "none", "none")
"""acknowledge: let the drift be that was offered. old: with a digest that an earlier offer had.
crossed: with that of a change that waits. end: take back what was acknowledged.
"""


WORLD: Final = ("remove", "adopt", "outdate", "swap")
"""remove: the identity is deleted by hand. adopt: it is given up, and taken over by a new object.
outdate: another version has written its record last. swap: the RamAccount is another account for a
while; of no kind.
"""


@dataclass
class Round:
    """hand, moved: {kind, what, value}. manifest: {kind, spec}, spec None deletes. votes: {kind,
    vote}. world: {what, kind}, what becomes of identities as a whole.
    """

    hand: list[Json] = field(default_factory=list)
    manifest: list[Json] = field(default_factory=list)
    moved: list[Json] = field(default_factory=list)
    votes: list[Json] = field(default_factory=list)
    drift: list[Json] = field(default_factory=list)
    """As votes, of what may be acknowledged; whoever does it makes his changes once more."""
    world: list[Json] = field(default_factory=list)


@dataclass
class Voting:
    """What happens to one world."""

    seed: int
    preset: str
    rounds: list[Round]

    def dump(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def load(path: Path) -> Voting:
    """A history that was kept."""
    row = json.loads(path.read_text())
    return Voting(row["seed"], row["preset"], [Round(**one) for one in row["rounds"]])


def draw(seed: int) -> Voting:
    """The history of a seed."""
    source = random.Random(seed)
    drawn = _Draw(source)
    preset = source.choice(("hostile", "friendly"))
    rounds = [drawn.round() for _ in range(4)]
    return Voting(seed, preset, _with_the_world(rounds, random.Random(f"the world of {seed}")))


def _with_the_world(rounds: list[Round], source: random.Random) -> list[Round]:
    """In every second round something becomes of one identity as a whole, or of all of them."""
    for one in rounds:
        if source.random() < 0.5:
            one.world = [{"what": source.choice(WORLD), "kind": source.choice(tuple(NAMES))}]
    return rounds


class _Draw:
    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.gone: set[str] = set()

    def round(self) -> Round:
        manifest = [self._manifest() for _ in range(self.random.choice((0, 1, 1, 2)))]
        manifest = list({command["kind"]: command for command in manifest}.values())
        hand = [self._by_hand() for _ in range(self.random.choice((0, 0, 1, 2)))]
        if manifest and self.random.random() < 0.3:
            hand += self._the_same(self.random.choice(manifest))
        moved = [self._by_hand() for _ in range(self.random.choice((0, 0, 1)))]
        votes = [{"kind": kind, "vote": self.random.choice(VOTES)} for kind in NAMES]
        drift = [{"kind": kind, "vote": self.random.choice(DRIFT)} for kind in NAMES]
        return Round(hand, manifest, moved, votes, drift)

    def _manifest(self) -> Json:
        kind = self.random.choice(tuple(NAMES))
        if kind in self.gone:
            self.gone.discard(kind)
            return {"kind": kind, "spec": {**FIRST[kind], **self._spec(kind)}}
        if self.random.random() < 0.12:
            self.gone.add(kind)
            return {"kind": kind, "spec": None}
        return {"kind": kind, "spec": self._spec(kind)}

    def _spec(self, kind: str) -> Json:
        choice = self.random.choice
        fields: dict[str, Callable[[], Any]] = {
            "deletionPolicy": lambda: choice(("Retain", "Delete")),
            "driftPolicy": lambda: choice(("Report", "RevertExcess", "Revert")),
        }
        if kind == "RamPolicy":
            fields |= {"document": self._document}
        else:
            fields |= {"policies": self._policies}
        if kind == "RamRole":
            fields |= {"trust": self._trust}
        if kind == "RamGroup":
            fields |= {"members": self._members}
        gated = [key for key in fields if not key.endswith("Policy")]
        chosen = {choice(gated)} | {key for key in fields if self.random.random() < 0.25}
        return {key: fields[key]() for key in sorted(chosen)}

    def _document(self) -> list[str]:
        return sorted([HARMLESS, ESCALATING] if self.random.random() < 0.5 else [HARMLESS])

    def _policies(self) -> list[list[str]]:
        by_object = ["RamPolicy", NAMES["RamPolicy"]]
        some = [one for one in (READER, ADMIN) if self.random.random() < 0.3]
        return [*some, self.random.choice((CUSTOM, by_object))] if self._likely() else some

    def _members(self) -> list[list[str]]:
        every = [["User", OUTSIDER], ["RamUser", NAMES["RamUser"]]]
        return [one for one in every if self._likely()]

    def _trust(self) -> list[str]:
        some = self.random.sample(SERVICES, self.random.randint(1, 2))
        return sorted([*some, OUTSIDE] if self.random.random() < 0.3 else some)

    def _likely(self) -> bool:
        return self.random.random() < 0.6

    # -- by hand ----------------------------------------------------------------------------------

    def _by_hand(self) -> Json:
        what = self.random.choice(
            ("trust", "document", "attach", "attach", "detach", "join", "expel")
        )
        if what == "trust":
            return {"kind": "RamRole", "what": what, "value": self._trust()}
        if what == "document":
            return {"kind": "RamPolicy", "what": what, "value": self._document()}
        if what in ("join", "expel"):
            who = self.random.choice((OUTSIDER, NAMES["RamUser"]))
            return {"kind": "RamGroup", "what": what, "value": who}
        reference = self.random.choice((CUSTOM, CUSTOM, ADMIN))
        return {"kind": self.random.choice(HOLDERS), "what": what, "value": reference}

    def _the_same(self, command: Json) -> Iterator[Json]:
        """Deeds after which the cloud is as the manifest will ask."""
        kind, spec = command["kind"], command["spec"] or {}
        for key in ("trust", "document"):
            if key in spec:
                yield {"kind": kind, "what": key, "value": spec[key]}
        for policy_type, name in spec.get("policies", ()):
            reference = ["System" if policy_type == "System" else "Custom", name]
            yield {"kind": kind, "what": "attach", "value": reference}
        for _, name in spec.get("members", ()):
            yield {"kind": kind, "what": "join", "value": name}
