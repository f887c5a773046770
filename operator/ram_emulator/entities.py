"""The frozen values that an emulated account consists of.

Written by handlers through `state`, shown by the family modules, saved by `persist`. No behaviour
beyond small look-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .jwt import PublicKey

Tags: TypeAlias = tuple[tuple[str, str], ...]
PrincipalKind: TypeAlias = Literal["user", "group", "role"]
PolicyType: TypeAlias = Literal["System", "Custom"]
ProviderKind: TypeAlias = Literal["oidc", "saml"]


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `visible_from` is when other trusts may name it."""

    name: str
    role_id: str
    document: str
    description: str
    max_session: int
    created: float
    updated: float
    service_linked: bool = False
    tags: Tags = ()
    visible_from: float = 0.0
    console_login: bool = True


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One immutable version of a policy; `number` 3 has the id `v3`."""

    number: int
    document: str
    created: float

    @property
    def version_id(self) -> str:
        """The id on the wire."""
        return f"v{self.number}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its live versions, oldest first."""

    name: str
    type: PolicyType
    description: str
    versions: tuple[PolicyVersion, ...]
    default: int
    last_number: int
    created: float
    updated: float
    tags: Tags = ()

    @property
    def default_version(self) -> PolicyVersion:
        """The only version that takes effect."""
        return next(v for v in self.versions if v.number == self.default)


@dataclass(frozen=True, slots=True)
class User:
    """A RAM user; `inline` is an extra permission document that only tests give.

    visible_from: when trusts may name the user. last_login: 0 for never. status: `active` or
    `freeze`, which IMS alone shows, like provision: Manual, or where the user is kept instead.
    """

    name: str
    user_id: str
    created: float
    updated: float
    display_name: str = ""
    email: str = ""
    mobile_phone: str = ""
    comments: str = ""
    inline: str = ""
    visible_from: float = 0.0
    last_login: float = 0.0
    status: str = "active"
    tags: Tags = ()
    provision: str = "Manual"


@dataclass(frozen=True, slots=True)
class Group:
    """A RAM group."""

    name: str
    group_id: str
    comments: str
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider that trusts can name.

    issuer, client_ids, fingerprints and issuance_limit (hours) are those of an OIDC provider,
    metadata (base64 as it was given) and sign_algo those of a SAML provider. keys and
    site_fingerprint: what the issuer publishes, which only tests give; an empty fingerprint is one
    that the provider has.
    """

    kind: ProviderKind
    name: str
    created: float
    updated: float
    description: str = ""
    issuer: str = ""
    client_ids: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    issuance_limit: int = 12
    metadata: str = ""
    sign_algo: str = "rsa-sha1"
    keys: tuple[PublicKey, ...] = ()
    site_fingerprint: str = ""

    @property
    def key(self) -> str:
        """Its identity in an account."""
        return provider_key(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Membership:
    """One side of a membership; `key` is the folded name of the other side."""

    key: str
    joined: float


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """A user's console access. `passwords` are salted digests, the current one first.

    changed: when the password was last set, 0 for at the creation. updated: when anything was, the
    same. active: the console lets the user in; RAM neither shows nor sets it, IMS does. initial:
    the password is not the user's own yet.
    """

    created: float
    reset_required: bool
    mfa_required: bool
    passwords: tuple[str, ...]
    changed: float = 0.0
    updated: float = 0.0
    active: bool = True
    initial: bool = True


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """A virtual MFA device; `user` is the folded name of who it is bound to, or empty."""

    name: str
    seed: str
    user: str = ""
    activated: float = 0.0


@dataclass(frozen=True, slots=True)
class Attachment:
    """A policy on a principal; `policy_key` is `System/<folded>` or `Custom/<folded>`.

    scope: the resource group that it is for, empty for the whole account.
    """

    policy_key: str
    attached: float
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """A principal as a policy sees it; `principal_key` is `role/<folded>` and so on."""

    principal_key: str
    attached: float
    scope: str = ""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-lived key of one user, or of the account's root; changed: 0 for never."""

    key_id: str
    secret: str
    created: float
    active: bool = True
    changed: float = 0.0


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """A key of one user for one service; expires: 0 for never."""

    credential_id: str
    name: str
    service: str
    user_id: str
    created: float
    expires: float = 0.0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A credential report: when it was made, and its lines without the header."""

    generated: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials of an assumed role."""

    key_id: str
    secret: str
    token: str
    account_id: str
    role: str
    role_id: str
    name: str
    expires: float
    policy: str = ""
    source_identity: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a call.

    kind: `account` (root), `user`, `role` (a session) or `federated` (nobody of the account).
    principal_id: as GetCallerIdentity has it.
    """

    kind: Literal["account", "user", "role", "federated"]
    account_id: str
    name: str
    principal_id: str
    arn: str
    session: Session | None = None


def fold(name: str) -> str:
    """The form under which names are equal: RAM ignores letter case but keeps it."""
    return name.lower()


def policy_key(policy_type: str, name: str) -> str:
    """The identity of a policy: the same name may exist as System and as Custom."""
    return f"{policy_type}/{fold(name)}"


def provider_key(kind: ProviderKind, name: str) -> str:
    """The identity of an identity provider: its relative ARN, folded."""
    return fold(f"{kind}-provider/{name}")


def principal_key(kind: PrincipalKind, name: str) -> str:
    """The identity of a user, group or role in an account."""
    return f"{kind}/{fold(name)}"
