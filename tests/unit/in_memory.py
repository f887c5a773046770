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

    def living_in(self, account: str, kind: str) -> Sequence[Key]:
        return [key for key, body in self.bodies.items() if key.kind == kind and body.get("spec")]


@dataclass(frozen=True)
class Snapshot:
    """Policies by Type/Name, providers by name."""

    policies: Mapping[str, documents.Policy] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)

    def policy(self, kind: str, name: str) -> tuple[documents.Policy, ...]:
        if f"{kind}/{name}" not in self.policies:
            raise Absent("no such policy", code="EntityNotExist.Policy", relation=False)
        return (self.policies[f"{kind}/{name}"],)

    def sent(self, name: str) -> tuple[documents.Policy, ...]:
        return ()

    def predecessor(self) -> bool:
        return False

    def provider(self, name: str, *, fresh: bool) -> str:
        return self.providers.get(name, provider_states.ABSENT)


NO_CLOUD = Snapshot()
