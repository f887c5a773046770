"""What lookups rest on, as plain values: manifests, records and a snapshot of a cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ram_operator import documents
from ram_operator.errors import Absent
from ram_operator.model import provider_states
from ram_operator.model.objects import Key

Json = dict[str, Any]


@dataclass(frozen=True)
class Manifests:
    """Objects by key."""

    bodies: Mapping[Key, Json]

    def get(self, key: Key) -> Json | None:
        return self.bodies.get(key)

    def attaching(self, policy: Key, account: str, cloud_name: str) -> Sequence[Key]:
        found = []
        for key, body in self.bodies.items():
            by_object = (policy.kind, policy.name) if key.namespace == policy.namespace else None
            entries = (body.get("spec") or {}).get("policies") or ()
            named = [(item["type"], item["name"]) for item in entries]
            by_name = [("Custom", cloud_name.lower()) for _ in named]
            if by_object in named or set(by_name) & {(t, n.lower()) for t, n in named}:
                found.append(key)
        return found


@dataclass(frozen=True)
class Snapshot:
    """Policies by Type/Name, providers by name; all users but those that are gone."""

    policies: Mapping[str, documents.Policy] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    no_users: frozenset[str] = frozenset()

    def policy(self, kind: str, name: str) -> tuple[documents.Policy, ...]:
        if f"{kind}/{name}" not in self.policies:
            raise Absent("no such policy", code="EntityNotExist.Policy", relation=False)
        return (self.policies[f"{kind}/{name}"],)

    def has_user(self, name: str) -> bool:
        return name not in self.no_users

    def sent(self, name: str) -> tuple[documents.Policy, ...]:
        return ()

    def predecessor(self) -> bool:
        return False

    def provider(self, name: str, *, fresh: bool) -> str:
        return self.providers.get(name, provider_states.ABSENT)


NO_CLOUD = Snapshot()
