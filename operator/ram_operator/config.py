"""Settings of the process: one frozen dataclass from flags and environment, checked all at once.

Precedence: flag, then RAM_OPERATOR_<NAME> in the environment, then default.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final

from .constants import SETTLE_SECONDS

PREFIX: Final = "RAM_OPERATOR_"
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "json or plain": re.compile("json|plain"),
    "api or files": re.compile("api|files"),
    "debug, info, warning or error": re.compile("debug|info|warning|error"),
    "[host]:port, or empty": re.compile(r"(|[^\s:/]*:[0-9]{1,5})"),
    "letters, digits, dots and dashes": re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?"),
}
"""What a text may be, in words and as a pattern."""


def _setting(default: Any, text: str, minimum: float | None = None, form: str = "") -> Any:
    return field(default=default, metadata={"help": text, "minimum": minimum, "form": form})


REQUIRED: Final = frozenset({"cluster_name"})
"""Two clusters of one account with the same name would take each other's identities for their own:
no default can be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting says in its help text what it is for. Durations are in seconds."""

    cluster_name: str = _setting(
        "",
        "name of this cluster in ownership tags and records: another one for each cluster that"
        " works on the same cloud account, and never changed later",
        form="letters, digits, dots and dashes",
    )
    operator_namespace: str = _setting(
        "ram-system",
        "namespace of the operator and of the Secrets with its keys",
        form="letters, digits, dots and dashes",
    )
    workers: int = _setting(
        16,
        "objects worked on at once, of an account at most half of what others leave, and of all"
        " accounts that are slow at most half",
        1,
    )
    cloud_threads: int = _setting(
        32,
        "cloud calls in flight at once, to one account at most a quarter, and to all that are slow"
        " at most half",
        1,
    )
    settle_seconds: float = _setting(
        10.0, "how long the cloud may take to show a write; nothing is repeated earlier", 0.0
    )
    consistency_seconds: float = _setting(
        60.0,
        "after a write or a start, drift within this time is only believed when seen twice",
        0.0,
    )
    document_settle_seconds: float = _setting(
        SETTLE_SECONDS,
        "after a write to a policy, both its document and the one that is read count for so long;"
        " after a start no policy is created for so long, since an attachment that was sent before"
        " may still arrive",
        1.0,
    )
    replacement_seconds: float = _setting(
        600.0,
        "an offer that moves by something else than its own object is replaced at most once in so"
        " long, and cannot be approved meanwhile",
        0.0,
    )
    access_key_rest_seconds: float = _setting(
        86400.0,
        "how long an access key that was replaced still lets in, and for how long one that does no"
        " more is kept before it is deleted",
        0.0,
    )
    left_key_seconds: float = _setting(
        600.0,
        "how long an access key still lets in whose object is gone without having ended it, in"
        " which the object may come back",
        0.0,
    )
    stalled_seconds: float = _setting(
        300.0, "how often an object that needs a person is tried", 1.0
    )
    refused_seconds: float = _setting(
        3600.0,
        "longest that a write which the cloud refuses for good is left alone while nothing changes",
        1.0,
    )
    unmade_records: int = _setting(
        100,
        "creations that were held and never made of which a namespace may leave records; no other"
        " is offered for it until some are old enough to go",
        1,
    )
    unmade_seconds: float = _setting(
        2592000.0,
        "how long such a record is kept; of one that went, what is made by hand is still held",
        0.0,
    )
    backoff_first: float = _setting(0.5, "first delay after a failure; doubled each time", 0.01)
    backoff_last: float = _setting(300.0, "longest delay after failures in a row", 0.1)
    sweep_seconds: float = _setting(
        300.0, "how often the lists of each account are read, managed or not; 0 for never", 0.0
    )
    members_seconds: float = _setting(
        900.0, "how often the members of all groups are read, a call for each group", 0.0
    )
    harmless_members_seconds: float = _setting(
        1800.0,
        "the same of groups that neither give nor deny a right to change rights, if it is longer",
        0.0,
    )
    trust_seconds: float = _setting(
        7200.0, "how often the trust of each role is read, where lists show the rest", 1.0
    )
    dangerous_trust_seconds: float = _setting(
        900.0,
        "the same of roles that may change rights or can be assumed from outside the account",
        1.0,
    )
    harmless_trust_seconds: float = _setting(
        14400.0,
        "the same of roles whose policies are the cloud's own and only read, if it is longer",
        1.0,
    )
    sign_in_seconds: float = _setting(
        10800.0, "how often the ways to sign in of each user are read", 1.0
    )
    report_seconds: float = _setting(
        14400.0,
        "how often the account's credential report is read, which shows users who cannot sign in;"
        " the cloud makes a new one every four hours; 0 for never, then they are read like others",
        0.0,
    )
    author_seconds: float = _setting(
        60.0,
        "how soon ActionTrail is asked who made a difference; again after twice as long, and so on"
        " for 20 minutes; 0 for never",
        0.0,
    )
    wedged_seconds: float = _setting(
        3600.0,
        "/healthz fails when as many passes as one namespace may have run for longer than that",
        1.0,
    )
    resync_seconds: float = _setting(600.0, "how often all objects are listed again", 1.0)
    deletion_blocked_seconds: float = _setting(
        3600.0, "a deletion that makes no progress for so long says how to give up", 1.0
    )
    connect_timeout: float = _setting(5.0, "time to connect to the cloud", 0.1)
    read_timeout: float = _setting(
        10.0, "time that an answer of the cloud may take, from its first byte to its last", 0.1
    )
    call_deadline: float = _setting(20.0, "after this the outcome of a cloud call is unknown", 0.1)
    leader_election: bool = _setting(
        True, "lead by a Lease in the operator's namespace; false only where never two can run"
    )
    lease_duration_seconds: float = _setting(
        30.0, "after so long without a renewal another process takes the lead", 1.0
    )
    renew_deadline: float = _setting(
        10.0, "a leader that cannot renew for so long writes nothing more, and ends", 0.5
    )
    retry_period: float = _setting(2.0, "how often a leader renews and others try", 0.1)
    allow_custom_endpoints: bool = _setting(
        False, "accept hosts other than RAM's and STS's own, and no TLS (emulator, proxies)"
    )
    unguarded_approvals: bool = _setting(
        False, "believe approvals although nothing checks who may write them: for trying out only"
    )
    guard: str = _setting(
        "api",
        "where the policies of deploy/admission are: in the API, or in files of the API server",
        form="api or files",
    )
    metrics_address: str = _setting(
        ":8000", "where /metrics is served; empty for nowhere", form="[host]:port, or empty"
    )
    health_address: str = _setting(
        ":8080", "where /healthz is served; empty for nowhere", form="[host]:port, or empty"
    )
    log_format: str = _setting("json", "how log lines look", form="json or plain")
    log_level: str = _setting(
        "info", "the least that is logged", form="debug, info, warning or error"
    )


class SettingsError(ValueError):
    """All problems at once, one per line."""


def load(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Settings from the command line and the environment.

    Raises SettingsError, or SystemExit where argparse answers itself (--help, unknown flags).
    """
    parser = argparse.ArgumentParser(prog="ram-operator run", allow_abbrev=False)
    for item in fields(Settings):
        parser.add_argument(
            "--" + item.name.replace("_", "-"),
            dest=item.name,
            help=f"{item.metadata['help']} (default: {item.default!r})",
            metavar=str(item.type).upper(),
        )
    given = vars(parser.parse_args(list(arguments)))
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in fields(Settings):
        text, source = given[item.name], "--" + item.name.replace("_", "-")
        if text is None:
            source = PREFIX + item.name.upper()
            text = environment.get(source)
        if text is None:
            if item.name in REQUIRED:
                problems.append(f"{source}: not set; it is the {item.metadata['help']}")
            continue
        assert item.default is not MISSING
        try:
            values[item.name] = _convert(item.default, text, item.metadata)
        except ValueError as error:
            problems.append(f"{source}: {error}")
    if problems:
        raise SettingsError("\n".join(problems))
    settings = Settings(**values)
    if problems := _conflicts(settings):
        raise SettingsError("\n".join(problems))
    return settings


def _conflicts(settings: Settings) -> list[str]:
    """Values that are fine alone and not together."""
    if not settings.leader_election:
        return []
    problems = []
    if settings.retry_period >= settings.renew_deadline:
        problems.append(
            f"--retry-period: {settings.retry_period:g} has to be less than --renew-deadline,"
            f" {settings.renew_deadline:g}: a leader needs more than one try"
        )
    # A write that was sent at the very end of the deadline has to be over when another leads.
    spare = settings.lease_duration_seconds - settings.renew_deadline
    call = settings.connect_timeout + settings.read_timeout
    if call >= spare:
        problems.append(
            f"--lease-duration-seconds: {settings.lease_duration_seconds:g} less --renew-deadline,"
            f" {settings.renew_deadline:g}, has to be more than --connect-timeout and"
            f" --read-timeout together, {call:g}: a call in flight would outlive the lease"
        )
    return problems


def _convert(default: Any, text: str, limits: Mapping[str, Any]) -> Any:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text.lower() == "true"
    if isinstance(default, str):
        if not _FORMS[limits["form"]].fullmatch(text):
            raise ValueError(f"{text!r} is not {limits['form']}")
        return text
    try:
        value = type(default)(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no finite number")
    if value < limits["minimum"]:
        raise ValueError(f"{text} is less than {limits['minimum']:g}")
    return value
