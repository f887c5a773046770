"""One pass over a RamAccount: open the session, show what was found, wake its objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cluster.records import Identity
from .constants import ANNOTATION_RECONCILE, ANNOTATION_RESUME_DELETIONS, Mode, Reason
from .errors import RamOperatorError, Retry
from .kinds import ACCOUNT
from .model import Key, Outcome, Phase
from .ports import Ports
from .queue import Lane


def run(ports: Ports, key: Key, body: Mapping[str, Any]) -> tuple[Outcome, dict[str, Any]]:
    """The outcome and the account's own part of the status. Raises nothing of errors.*."""
    before = ports.accounts.find(key.name)
    request = str((body["metadata"].get("annotations") or {}).get(ANNOTATION_RECONCILE, ""))[:128]
    try:
        sequence = int(ports.clock.wall() * 1000)
        session, identity = ports.opener.open(body, before, ports.clock.stamp(), sequence)
    except RamOperatorError as error:
        return _failed(ports, key, error, request), {}
    changed = ports.accounts.set(session)
    extra = {
        "principalArn": str(identity.get("Arn") or ""),
        "principalType": str(identity.get("IdentityType") or ""),
        **_brake(ports, session.account.account_id, body),
    }
    if changed:
        wake(ports, key.name)
    text = f"credentials of account {session.account.account_id} work"
    if session.account.mode is Mode.OBSERVE:
        text += "; mode Observe: nothing is written to the cloud"
    outcome = Outcome(
        Phase.DONE,
        Reason.SYNCED,
        text,
        account_id=session.account.account_id,
        verified=True,
        handled_request=request,
    )
    return outcome, extra


def _failed(ports: Ports, key: Key, error: RamOperatorError, request: str) -> Outcome:
    """A verified session outlives trouble that passes by itself, and nothing else."""
    if isinstance(error, Retry):
        return Outcome(
            Phase.RETRY, error.reason, error.message, handled_request=request, after=error.after
        )
    if ports.accounts.drop(key.name, error.message):
        wake(ports, key.name)
    return Outcome(Phase.STALLED, error.reason, error.message, handled_request=request)


def wake(ports: Ports, name: str) -> None:
    """Objects of the account have something to do."""
    for key in ports.store.users(name):
        ports.queue.add(key, Lane.PERIODIC)


def _brake(ports: Ports, account_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Show the brake, or release it when a person named this very stop."""
    record = ports.store.get(Identity(account_id, ACCOUNT, account_id).key)
    engaged = (((record or {}).get("record") or {}).get("brake") or {}).get("engagedAt")
    if not engaged or record is None:
        return {}
    annotations = body["metadata"].get("annotations") or {}
    if annotations.get(ANNOTATION_RESUME_DELETIONS) == engaged:
        ports.store.put(ports.records.update(record, {"brake": None}))
        ports.brake.reset(account_id)
        wake(ports, str(body["metadata"]["name"]))
        return {}
    reason = (
        "too many deletions within ten minutes; to resume: kubectl annotate --overwrite ramaccount"
        f" {body['metadata']['name']} {ANNOTATION_RESUME_DELETIONS}={engaged}"
    )
    return {"deletionBrake": {"engagedAt": engaged, "reason": reason}}
