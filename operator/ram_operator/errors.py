"""The error tree: every failure says whether time, a person or a developer mends it.

    RamOperatorError
    ├── Retry          time mends it: tried again after `after` seconds or by back-off
    │   ├── OutcomeUnknown   a write may or may not have happened: look before writing again
    │   ├── Absent, AlreadyExists, DeleteConflict    answers that observe and execute understand
    ├── Stalled        a person must act; looked at again only slowly
    │   └── InvalidSpec      the manifest asks for something that cannot be
    │       ├── UnknownValue     ... in the eyes of this version, while the kind lets it through
    │       └── Refused          ... in the eyes of the cloud, which may only not know a name yet
    └── Bug            neither: a defect of ours, reported as InternalError and retried slowly

The loop dispatches on these classes alone and never inspects error text. Texts are shown to users:
they name the object, the problem and the remedy, and hold no secret and no URL.
"""

from __future__ import annotations

from .constants import Reason


class RamOperatorError(Exception):
    """Base of all errors that carry a reason from the closed list and a text for users."""

    reason: Reason
    message: str

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Retry(RamOperatorError):
    """Time mends it. `after` is in seconds; None leaves the delay to the queue's back-off."""

    def __init__(self, reason: Reason, message: str, after: float | None = None) -> None:
        super().__init__(reason, message)
        self.after = after


class OutcomeUnknown(Retry):
    """A write was sent and no answer came: it may have happened."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(Reason.OUTCOME_UNKNOWN, message, after)


class Absent(Retry):
    """The cloud says that the named thing does not exist (HTTP 404). Caught by observe/execute.

    `relation` is True when both ends exist and only their relation is missing
    (`EntityNotExist.Role.Policy`), which is how a repeated detach answers.
    """

    def __init__(self, message: str, *, code: str, relation: bool) -> None:
        super().__init__(Reason.NOT_FOUND, message)
        self.code = code
        self.relation = relation


class AlreadyExists(Retry):
    """The cloud says that the thing or relation exists already (HTTP 409)."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(Reason.CONFLICT, message)
        self.code = code


class DeleteConflict(Retry):
    """The cloud refuses a deletion because something still depends on the identity."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(Reason.DELETE_CONFLICT, message)
        self.code = code


class Stalled(RamOperatorError):
    """A person must act. Looked at again slowly, since permissions and quotas change outside."""


class InvalidSpec(Stalled):
    """The manifest asks for something that cannot be; the text says where and what to write."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INVALID_SPEC, message)


class UnknownValue(InvalidSpec):
    """The API server took a word that this version does not know, so its kind is a newer one's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.reason = Reason.NEWER_VERSION


class Refused(InvalidSpec):
    """The cloud refuses a document. It says the same of a principal that it does not see yet."""


class Bug(RamOperatorError):
    """A defect of ours: an impossible state, or an answer that no table knows."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INTERNAL_ERROR, message)
