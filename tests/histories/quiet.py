"""Histories in which nobody works by hand; drawn from a seed. Only manifests and the account's
settings are edited, and what is offered is approved, rejected or left.

Then nothing is drift, whatever waits or was rejected meanwhile, and nothing is taken away that the
manifests ask for.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.histories.acting import spelled
from tests.histories.commands import SERVICES
from tests.histories.model import ESCALATING, OUTSIDE

Json = dict[str, Any]
Name = tuple[str, str]
POLICIES: Final = ("p0", "p1")
USERS: Final = ("u0", "u1", "u2")
HARMLESS: Final = "oss:GetObject"
DETOUR: Final = "fc:UpdateFunction"
"""Lets act as another identity by a detour: waits where the account says so."""
DOCUMENTS: Final = (
    [HARMLESS],
    [HARMLESS, ESCALATING],
    [HARMLESS, DETOUR],
    [HARMLESS, "oss:PutObject"],
)
ADMIN: Final = ["System", "AdministratorAccess"]
READER: Final = ["System", "AliyunOSSReadOnlyAccess"]
WHATS: Final = ("edit", "edit", "edit", "approve", "approve", "reject", "look", "settle")
FIRST: Final[dict[Name, Json]] = {
    **{("RamPolicy", name): {"document": [HARMLESS]} for name in POLICIES},
    **{("RamUser", name): {"displayName": "one", "policies": []} for name in USERS},
    ("RamRole", "r0"): {"trust": [SERVICES[0]], "policies": [["RamPolicy", "p0"]], "session": 3600},
    ("RamGroup", "g0"): {
        "policies": [["RamPolicy", "p0"]],
        "members": [["RamUser", "u0"], ["RamUser", "u1"]],
    },
}
"""What each object asks for when it is made."""


@dataclass(frozen=True)
class Act:
    """what: edit, approve, reject, look, settle or account. `spec` of an edit as in `FIRST`, of the
    account as in its manifest.
    """

    what: str
    name: Name = ("", "")
    spec: Json | None = None

    @property
    def written(self) -> Json:
        """The spec as the API server gets it."""
        return dict(self.spec or {}) if self.what == "account" else spelled(self.spec or {})


def draw(seed: int, length: int = 24) -> list[Act]:
    """The history of a seed."""
    source = random.Random(seed)
    return [_act(source) for _ in range(length)]


def _act(source: random.Random) -> Act:
    what = source.choice(WHATS)
    if what == "settle":
        return Act(what)
    name = source.choice((*FIRST, ("RamPolicy", "p0"), ("RamGroup", "g0"), ("RamAccount", "")))
    if name[0] == "RamAccount":
        gate = {
            "trustedAccounts": [OUTSIDE.split(":")[3]] if source.random() < 0.5 else [],
            "holdIndirect": source.random() < 0.5,
        }
        return Act("account", name, {"gate": gate})
    return Act(what, name, _spec(source, name) if what == "edit" else None)


def _spec(source: random.Random, name: Name) -> Json:
    def policies() -> list[list[str]]:
        own = [["RamPolicy", each] for each in POLICIES if source.random() < 0.6]
        return [*own, *([ADMIN] if source.random() < 0.15 else []), *_some(source, [READER])]

    fields: dict[str, Callable[[], Any]] = {"policies": policies}
    if name[0] == "RamPolicy":
        return {"document": source.choice(DOCUMENTS)}
    if name[0] == "RamRole":
        fields["trust"] = lambda: sorted([SERVICES[0], *_some(source, [SERVICES[1], OUTSIDE])])
        fields["session"] = lambda: source.choice((3600, 7200, 43200))
    if name[0] == "RamGroup":
        fields["members"] = lambda: [["RamUser", each] for each in USERS if source.random() < 0.7]
    fields["suspend"] = lambda: source.random() < 0.3
    fields["driftPolicy"] = lambda: source.choice(("Report", "RevertExcess", "Revert"))
    key = source.choice(sorted(fields))
    return {key: fields[key]()}


def _some(source: random.Random, things: list[Any]) -> list[Any]:
    return [each for each in things if source.random() < 0.4]
