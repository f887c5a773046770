"""The closed vocabularies of the loop. Pure; `model` offers them beside its values."""

from __future__ import annotations

from enum import StrEnum


class Presence(StrEnum):
    """Whether the cloud has the identity; unknown is neither of the others."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """What a change does to access."""

    NEUTRAL = "neutral"
    NARROWER = "narrower"
    WIDER = "wider"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why desired and live differ."""

    CREATE = "create"
    INTENT = "intent"
    DRIFT = "drift"
    FOUND = "found"
    """The cloud was made what the manifest asks for while nobody looked: shown, and held."""
    ADOPTION = "adoption"
    """The last applied value is not known: shown, and at most added to."""


class Disposition(StrEnum):
    """What is done about a change."""

    WRITE = "write"
    HOLD = "hold"
    REPORT = "report"


class Phase(StrEnum):
    """How a pass ended; `status` turns it into conditions and wording."""

    DONE = "done"
    RETRY = "retry"
    STALLED = "stalled"
    DELETING = "deleting"


class Lends(StrEnum):
    """How others come to have rights by an identity of the kind."""

    NOTHING = ""
    ATTACHED = "attached"
    """It is a policy: whoever has it attached may what its document allows."""
    JOINED = "joined"
    """It is a group: whoever is in it has the policies of the group."""


class DriftAction(StrEnum):
    """What is done about a difference, as `status.drift` says it."""

    CORRECTED = "corrected"
    REPORTED = "reported"
    HELD = "held"
    RESPELLED = "respelled"
    """It differs only in a spelling that is assumed to be equal."""
    ACKNOWLEDGED = "acknowledged"
    """It stays for a while, since somebody said so."""
    PENDING = "pending"
    """In a status alone: still to be put right."""


class Expiry(StrEnum):
    """What ends or is due at a known time, as the metric of it says."""

    CREDENTIALS = "credentials"
    """Those of the operator for an account, where they are temporary."""
    ACCESS_KEY = "accessKey"
    """The age at which a program's key is replaced."""
    MEMBER = "member"
    """The next end of a membership."""


class AuthorKind(StrEnum):
    """Who made a difference, as a status says it."""

    PERSON = "person"
    """In the console."""
    PROGRAM = "program"
    """By an access key or a role; people may use those too."""
    PLATFORM = "platform"
    """Alibaba Cloud itself."""
    UNKNOWN = "unknown"


class HeldKind(StrEnum):
    """What waits for an approval, in `status.pending.kind`, and what a record says was begun."""

    ROLE_CREATION = "RoleCreation"
    TRUST_CHANGE = "TrustChange"
    TRUST_TAKEN_BACK = "TrustTakenBack"
    """Never held: the cloud gave more than was agreed on."""
    NAME_TRUSTED = "NameAlreadyTrusted"
    GRANT = "EscalatingGrant"
    GIVEN_BACK = "EscalatingRight"
    """As a grant, of what was taken away by hand."""
    PROVIDER_CHANGE = "ProviderChange"
    """An identity provider is not what was agreed on."""
    FOUND = "FoundInCloud"
    """It is in the cloud and asked for, and nobody agreed on it."""
    DELETION = "Deletion"
    """Of an identity, with all that it has."""
    RECORDS_LOST = "RecordsLost"
    """There is no record that could say what was held before."""


class HeldVerdict(StrEnum):
    """What a held change does to access, in `status.pending.verdict`."""

    UNSAID = ""
    NEW = "new"
    """It makes what was not there."""
    SAME = "same"
    NARROWER = "narrower"
    WIDER = "wider"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class GateVerdict(StrEnum):
    """What the gate decided, as it is counted."""

    HELD = "held"
    APPROVED = "approved"
    """By a person."""
    ALLOWED = "allowed"
    """Without one."""


class Origin(StrEnum):
    """Who makes identities of an account."""

    ACCOUNT = "account"
    """Its people and programs."""
    SERVICE_LINKED = "serviceLinked"
    """A service of Alibaba Cloud, for itself."""
    PROVISIONED = "provisioned"
    """SCIM, CloudSSO or ACK: it mirrors what is kept elsewhere."""


class PolicyType(StrEnum):
    """Whose a policy is, as RAM calls it."""

    SYSTEM = "System"
    CUSTOM = "Custom"


class Verb(StrEnum):
    """The words for what a step does, see `steps`."""

    CREATE = "create"
    ATTRIBUTES = "attributes"
    DOCUMENT = "document"
    TRUST = "trust"
    ATTACH = "attach"
    DETACH = "detach"
    JOIN = "join"
    EXPEL = "expel"
    TAG = "tag"
    UNTAG = "untag"
    MARK = "mark"
    LEAVE = "leave"
    REVOKE = "revoke"
    UNBIND = "unbind"
    DELETE = "delete"
    END = "end"
    """It writes to the record alone."""


class KeyPhase(StrEnum):
    """How far an access key of the operator's making is."""

    CURRENT = "Current"
    """It is in the Secret."""
    REPLACED = "Replaced"
    """It is not, and lets in still."""
    ENDED = "Ended"
    """It lets nobody in, and is about to be deleted."""


class KeyChange(StrEnum):
    """What was done about one."""

    MADE = "made"
    REPLACED = "replaced"
    """Another one was made and is in the Secret instead."""
    ENDED = "ended"
    """It lets nobody in any more."""
    DELETED = "deleted"


class Evaluator(StrEnum):
    """Who judges in the gate, by what is judged; see `gate.evaluators`."""

    TRUST = "who is trusted"
    PROVIDER = "whom a provider lets in"
    NAME = "whether a new name is trusted"
    ATTACHMENT = "what is attached"
    MEMBERSHIP = "who joins"
    DOCUMENT = "what a document allows"
    SESSION = "how long sessions last"
    CONSOLE = "who may use the console"
    DENIAL = "what is denied no more"
    DELETION = "whether an identity goes"
    END = "until when it was agreed on"
    ACCESS = "how somebody may sign in"
