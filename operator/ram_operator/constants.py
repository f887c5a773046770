"""Load-bearing names: group, kinds, annotations, condition types, reasons, settings of record.

Everything here is an interface (users, alerts and other tools match on it), so nothing is renamed
without a deprecation. Imported by every module, imports none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

GROUP: Final = "ram.alibabacloud.com"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
COMPONENT: Final = "ram-operator"
FIELD_MANAGER: Final = "ram-operator"
# Flux takes over what managers named kubectl* wrote, and then removes it because git lacks it.
APPROVER_FIELD_MANAGER: Final = "ram-operator-approver"

FINALIZER: Final = f"{GROUP}/cleanup"

ANNOTATION_RECONCILE: Final = f"{GROUP}/reconcile-requested-at"
ANNOTATION_ABANDON: Final = f"{GROUP}/abandon"
ANNOTATION_RESUME_DELETIONS: Final = f"{GROUP}/resume-deletions"
ANNOTATION_APPROVE: Final = f"{GROUP}/approve"
ANNOTATION_REJECT: Final = f"{GROUP}/reject"
# Nobody could be stamped by a DELETE itself: no mutation runs on it.
ANNOTATION_DELETE_REQUESTED: Final = f"{GROUP}/delete-requested"
ANNOTATION_ACKNOWLEDGE: Final = f"{GROUP}/acknowledge-drift"
# Names the access key that another one is to replace, so that it is good once.
ANNOTATION_ROTATE_KEY: Final = f"{GROUP}/rotate-access-key"
HANDLED_REJECTION: Final = "lastHandledRejection"
"""In the status: the rejection on the object says nothing that the record does not have."""
# Stamps that admission makes; nobody else's word on who wrote what is believed.
ANNOTATION_CHANGED_BY: Final = f"{GROUP}/changed-by"
ANNOTATION_APPROVED_BY: Final = f"{GROUP}/approved-by"
ANNOTATION_REJECTED_BY: Final = f"{GROUP}/rejected-by"
ANNOTATION_SUSPENDED_BY: Final = f"{GROUP}/suspended-by"
ANNOTATION_DELETE_REQUESTED_BY: Final = f"{GROUP}/delete-requested-by"
ANNOTATION_ACKNOWLEDGED_BY: Final = f"{GROUP}/acknowledged-by"
STAMPS: Final = (
    ANNOTATION_CHANGED_BY,
    ANNOTATION_APPROVED_BY,
    ANNOTATION_REJECTED_BY,
    ANNOTATION_SUSPENDED_BY,
    ANNOTATION_DELETE_REQUESTED_BY,
    ANNOTATION_ACKNOWLEDGED_BY,
)
# For people alone: nothing is decided by it.
ANNOTATION_APPROVE_REASON: Final = f"{GROUP}/approve-reason"
# Only a change of one of these annotations is worth a look; all others belong to other tools.
WATCHED_ANNOTATIONS: Final = (
    ANNOTATION_RECONCILE,
    ANNOTATION_ABANDON,
    ANNOTATION_RESUME_DELETIONS,
    ANNOTATION_APPROVE,
    ANNOTATION_REJECT,
    ANNOTATION_DELETE_REQUESTED,
    ANNOTATION_ACKNOWLEDGE,
    ANNOTATION_ROTATE_KEY,
)

OWNER_TAG_CLUSTER: Final = "ram-operator/cluster"
OWNER_TAG_NAMESPACE: Final = "ram-operator/namespace"
OWNER_TAG_NAME: Final = "ram-operator/name"

SERVICE_LINKED_NAMES: Final = "aliyunservicerolefor"
ACK_NAMES: Final = "ack-rrsa-"
"""So begin the identity providers that ACK keeps, one for each cluster."""
CLOUDSSO_NAMES: Final = "aliyunreservedsso-"
"""So begin the roles and custom policies that CloudSSO makes for its access configurations."""


class ConditionType(StrEnum):
    """Types in `status.conditions`; `Reconciling` and `Stalled` are present only when True."""

    READY = "Ready"
    SYNCED = "Synced"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    DRIFTED = "Drifted"
    APPROVAL_REQUIRED = "ApprovalRequired"


SETTLE_SECONDS: Final = 60.0
"""How long RAM may show a policy's document from before a write of ours. No figure is documented;
waits of clients in the field end within seconds, and this is several times the longest of them.
Longer costs little: the document that we sent counts beside the one that is read, no more.
"""


FLAPPING_REVERTS: Final = 4
"""So many times within an hour that drift of one object is put right are one too many. Once is a
slip, and twice or three times somebody who tries what became of it, or who changes a thing after
the other; a fourth time is a program, or a person who does not give up.
"""
FLAPPING_SECONDS: Final = 3600.0


class Reason(StrEnum):
    """The closed list of condition reasons; `docs/reference/reasons.md` explains each one."""

    # Ready
    SYNCED = "Synced"
    PROGRESSING = "Progressing"
    DRIFTED = "Drifted"
    # Synced
    NO_DIFFERENCE = "NoDifference"
    DIFFERENCE_FOUND = "DifferenceFound"
    COMPARE_FAILED = "CompareFailed"
    # Drifted
    DRIFT_DETECTED = "DriftDetected"
    DRIFT_CORRECTED = "DriftCorrected"
    NO_DRIFT = "NoDrift"
    DRIFT_ACKNOWLEDGED = "DriftAcknowledged"
    ACKNOWLEDGEMENT_STALE = "AcknowledgementStale"
    # ApprovalRequired
    APPROVAL_REJECTED = "ApprovalRejected"
    APPROVAL_STALE = "ApprovalStale"
    ADMISSION_POLICY_MISSING = "AdmissionPolicyMissing"
    RECORDS_LOST = "RecordsLost"
    NOTHING_HELD = "NothingHeld"
    # waits that end by themselves
    RETRYING = "ProgressingWithRetry"
    DEPENDENCY_NOT_READY = "DependencyNotReady"
    THROTTLED = "Throttled"
    CLOUD_UNAVAILABLE = "CloudUnavailable"
    OUTCOME_UNKNOWN = "OutcomeUnknown"
    DELETING = "Deleting"
    DELETE_CONFLICT = "DeleteConflict"
    # a human must act
    APPROVAL_REQUIRED = "ApprovalRequired"
    FOUND_IN_CLOUD = "FoundInCloud"
    INVALID_SPEC = "InvalidSpec"
    NEWER_VERSION = "NewerVersion"
    ACCESS_DENIED = "AccessDenied"
    CREDENTIALS_INVALID = "CredentialsInvalid"
    ACCOUNT_MISMATCH = "AccountMismatch"
    ACCOUNT_CHANGED = "AccountChanged"
    CONFLICT = "Conflict"
    NOT_ADOPTED = "NotAdopted"
    NOT_PERMITTED = "NotPermitted"
    PROTECTED = "Protected"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NOT_FOUND = "NotFound"
    OBSERVE_ONLY = "ObserveOnly"
    SUSPENDED = "Suspended"
    DELETION_BRAKE = "DeletionBrake"
    DELETION_BLOCKED = "DeletionBlocked"
    INTERNAL_ERROR = "InternalError"


class EventReason(StrEnum):
    """Reasons of Kubernetes events; one event per transition, never per pass."""

    CREATED = "Created"
    UPDATED = "Updated"
    ADOPTED = "Adopted"
    ACCESS_UNMANAGED = "AccessUnmanaged"
    ACCESS_KEY_LEFT = "AccessKeyLeft"
    ACCESS_KEY_ENDED = "AccessKeyEnded"
    ACCESS_KEY_MADE = "AccessKeyMade"
    ACCESS_KEY_ROTATED = "AccessKeyRotated"
    ACCESS_KEY_DELETED = "AccessKeyDeleted"
    ACCESS_KEY_WAITS = "AccessKeyWaits"
    DELETED = "Deleted"
    ABANDONED = "Abandoned"
    CHANGE_HELD = "ChangeHeld"
    CHANGE_RELEASED = "ChangeNoLongerHeld"
    CHANGE_APPROVED = "ChangeApproved"
    CHANGE_REJECTED = "ChangeRejected"
    APPROVAL_NOT_HONOURED = "ApprovalNotHonoured"
    APPROVAL_VOIDED = "ApprovalVoided"
    DRIFT_DETECTED = "DriftDetected"
    DRIFT_CORRECTED = "DriftCorrected"
    DRIFT_AUTHOR = "DriftAuthor"
    DRIFT_ACKNOWLEDGED = "DriftAcknowledged"
    ACKNOWLEDGEMENT_ENDING = "AcknowledgementEnding"
    ACKNOWLEDGEMENT_ENDED = "AcknowledgementEnded"
    ACKNOWLEDGEMENT_NOT_HONOURED = "AcknowledgementNotHonoured"
    FINDING_REPORTED = "FindingReported"
    STALLED = "Stalled"
    RECOVERED = "Recovered"


class GuardSource(StrEnum):
    """Where the admission policies that guard approvals are: the flag --guard."""

    API = "api"
    FILES = "files"


class DriftPolicy(StrEnum):
    """What happens to a difference that somebody made behind the operator's back."""

    REPORT = "Report"
    REVERT_EXCESS = "RevertExcess"
    REVERT = "Revert"


class DeletionPolicy(StrEnum):
    """Whether deleting the object deletes the cloud identity."""

    DELETE = "Delete"
    RETAIN = "Retain"


class AdoptionPolicy(StrEnum):
    """Whether an identity that exists already may be taken over."""

    NEVER = "Never"
    IF_EXISTS = "IfExists"


class AccessMode(StrEnum):
    """What a user's manifest says of its ways to sign in, see `kinds.access`."""

    NONE = "None"
    ACCESS_KEY = "AccessKey"
    UNMANAGED = "Unmanaged"


class KeyOnDelete(StrEnum):
    """What becomes of a user's access key and its Secret when the object is deleted."""

    DEACTIVATE = "Deactivate"
    KEEP = "Keep"


class Mode(StrEnum):
    """`RamAccount.spec.mode`: Observe writes nothing to the cloud."""

    OBSERVE = "Observe"
    MANAGE = "Manage"


class Severity(StrEnum):
    """Severity of a finding or of a drift entry."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
