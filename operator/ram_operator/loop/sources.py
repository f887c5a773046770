"""What lookups rest on: an account, the objects that are known, and readings of the cloud.

A pass makes them of its ports and session. Whoever has no cluster, or no cloud, gives them what it
has instead: `lookups`, `trust_lookups` and what they use know nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .. import documents
from ..model.objects import Account, Entry, Key, UnknownPart


class Objects(Protocol):
    """The objects that are known, RamRecords among them."""

    def get(self, key: Key) -> Mapping[str, Any] | None:
        """The whole object; None where there is none."""

    def attaching(self, policy: Key, account: str, cloud_name: str) -> Sequence[Key]:
        """Objects of the RamAccount whose manifests attach the policy: by its object, or as the
        custom policy of that name.
        """


class Readings(Protocol):
    """What the cloud of the account says of policies and identity providers."""

    def policy(self, kind: str, name: str) -> tuple[documents.Policy, ...]:
        """All documents that may be in force. `kind` is System or Custom. Raises errors.*, Absent
        where there is no such policy.
        """

    def version(self, name: str) -> tuple[str, documents.Policy | UnknownPart]:
        """The version of the custom policy that is in force, and what it says, as the cloud has it
        now. Raises errors.*, Absent.
        """

    def compared(self, holder: str, policy: str, state: object) -> bool:
        """Whether `note` was told exactly this of them."""

    def note(self, holder: str, policy: str, state: object) -> None:
        """Remember that in this state the policy says what was agreed on for its holder."""

    def holders(self, name: str) -> Mapping[str, Entry]:
        """Who has the custom policy, see `Memory.holders`, without values. Raises errors.*."""

    def has_user(self, name: str) -> bool:
        """Whether there is such a user now. Raises errors.*."""

    def sent(self, name: str) -> tuple[documents.Policy, ...]:
        """What we wrote to the custom policy so lately that what was read may be older."""

    def predecessor(self) -> bool:
        """Whether another process may have written so lately that what is read may be older."""

    def provider(self, name: str, *, fresh: bool) -> str:
        """What the provider is, see `provider_states`; not from memory where it is to be `fresh`.

        `name` is as in its ARN, `oidc-provider/git`. Raises errors.*.
        """


@dataclass(frozen=True, slots=True)
class Sources:
    """Of the lookups for one object."""

    cluster: str
    """This cluster's name, as marks and records have it."""
    account: Account
    objects: Objects
    readings: Readings
