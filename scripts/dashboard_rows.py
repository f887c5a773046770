"""What the dashboard shows, row by row. Used by grafana_dashboard.py."""

from __future__ import annotations

from typing import Final

from dashboard_own_rows import GATE, OPERATOR
from dashboard_panels import Bars, Lines, Row, Stat, Table
from dashboard_queries import (
    ACKNOWLEDGED,
    ACKNOWLEDGED_UNTIL,
    AGE,
    BRAKE,
    BY_SERVICE,
    CALLS,
    CORRECTED,
    DRIFT,
    EXPIRY,
    FAILED,
    FAILING,
    FINDINGS,
    FOUND,
    GUARD,
    GUARD_WORDS,
    IDENTITIES,
    INTERVAL,
    LOOKED,
    MANAGED,
    OUTSIDE,
    PENDING,
    PER_IDENTITY,
    SHARE,
    STALLED,
    THROTTLED,
    UNMANAGED,
    UNUSED,
    WHO,
    WIDENED,
    WRONG,
    condition,
    count,
    hourly,
    longest,
    slow,
    total,
)

NOW: Final = Row(
    "Now",
    (
        Stat(
            "Objects",
            "Of all kinds but RamAccount.",
            {"objects": total(condition("Ready", MANAGED))},
            "short",
        ),
        Stat(
            "Not ready",
            "Ready is not True.",
            {"objects": total(condition("Ready", 'status!="True"'))},
            "short",
            bad=1,
        ),
        Stat(
            "Held changes",
            "They wait for somebody who may approve.",
            {"changes": count(PENDING)},
            "short",
            bad=1,
        ),
        Stat(
            "Drifted",
            "Differs from what was applied, and is left so.",
            {"objects": count(DRIFT)},
            "short",
            bad=1,
        ),
        Stat(
            "Stalled",
            "Gets no further until a person acts.",
            {"objects": count(STALLED)},
            "short",
            bad=1,
        ),
        Stat(
            "Oldest look",
            "Of all objects: what happened since then is not known.",
            {"age": f"max(time() - {LOOKED})"},
            "s",
            bad=3600,
        ),
        Stat(
            "Approvals",
            "Whether policies are in force that say who may approve.",
            {"guard": GUARD},
            "none",
            good=1,
            words=GUARD_WORDS,
        ),
        Stat(
            "Leading replicas",
            "One, or nobody works.",
            {"replicas": "sum(ram_operator_leader)"},
            "short",
            good=1,
        ),
    ),
)
FLEET: Final = Row(
    "Fleet",
    (
        Lines(
            "Objects by kind and readiness",
            "True: the cloud is as the manifest says.",
            {"{{kind}} {{status}}": f"sum by (kind, status) ({condition('Ready')})"},
            "short",
        ),
        Bars(
            "What is wrong, by kind",
            "Objects by condition; one object may have several.",
            {"{{kind}} {{type}}": f"sum by (kind, type) ({WRONG})"},
            "short",
        ),
    ),
)
PEOPLE: Final = Row(
    "What waits for people",
    (
        Lines(
            "Held changes",
            "By what they are about.",
            {"{{change}}": f"count by (change) ({PENDING})"},
            "short",
            8,
        ),
        Table(
            "Held the longest",
            "kubectl ram show says who would gain and who would lose.",
            {"": longest(PENDING, "change")},
            "s",
            16,
        ),
        Lines(
            "Stalled by reason",
            "docs/reference/reasons.md says what to do about each.",
            {"{{reason}}": f"count by (reason) ({STALLED})"},
            "short",
            8,
        ),
        Table(
            "Stalled the longest",
            "The message of the Ready condition says why and what to do.",
            {"": longest(STALLED, "reason")},
            "s",
            16,
        ),
        Table(
            "Found in the cloud",
            "Has more than was agreed on, given while nobody looked. Approve or reject it.",
            {"": f"max by ({WHO}) ({FOUND})"},
            "short",
            8,
        ),
        Table(
            "Given by hand",
            "Has more in the cloud than its manifest says, and keeps it.",
            {"": f"max by ({WHO}) ({WIDENED})"},
            "short",
            8,
        ),
        Table(
            "Deletions that are stopped",
            "The account's brake: so long nothing is deleted.",
            {"": longest(BRAKE)},
            "s",
            8,
        ),
        Table(
            "Ends next",
            "In how long: temporary credentials of an account, the rotation of a key, a membership."
            " What is below 0 is overdue.",
            {"": f"bottomk(20, min by ({WHO}, what) ({EXPIRY}) - time())"},
            "s",
            24,
            smallest_first=True,
        ),
    ),
)
DRIFTS: Final = Row(
    "Drift",
    (
        Lines(
            "Left in the cloud, by severity",
            "Objects, by the worst of their differences.",
            {"{{severity}}": f"count by (severity) ({DRIFT})"},
            "short",
            8,
        ),
        Table(
            "Left in the cloud",
            "status.drift of the object lists the fields.",
            {"": f"max by ({WHO}, severity) ({DRIFT})"},
            "short",
            16,
        ),
        Lines(
            "Acknowledged, by severity",
            "Differences that stay for a while since somebody said so. No alert rings for them.",
            {"{{severity}}": f"sum by (severity) ({ACKNOWLEDGED})"},
            "short",
            8,
        ),
        Table(
            "Acknowledged until",
            "In how long that ends; then the drift policy counts again. status.acknowledged says by"
            " whom.",
            {"": f"bottomk(20, min by ({WHO}) ({ACKNOWLEDGED_UNTIL}) - time())"},
            "s",
            16,
            smallest_first=True,
        ),
        Lines(
            "Found per hour",
            "By field and what was done about it; of all accounts.",
            {"{{kind}} {{field}} {{action}}": hourly("kind, field, action", "drift_changes")},
            "short",
            8,
        ),
        Table(
            "Taken back lately",
            "How long ago; status.corrected of the object says what it was.",
            {"": f"bottomk(20, time() - max by ({WHO}, severity) ({CORRECTED}))"},
            "s",
            16,
            smallest_first=True,
        ),
        Lines(
            "Who made it, per hour",
            "As ActionTrail says: a person in the console, a program, the platform, or unknown."
            " status.drift and status.corrected name them; of all accounts.",
            {"{{author}}": hourly("author", "drift_authors")},
            "short",
            24,
        ),
    ),
)
INVENTORY: Final = Row(
    "What nobody manages",
    (
        Bars(
            "Identities by kind and state",
            "As the lists of the account show them.",
            {"{{account}} {{kind}} {{state}}": f"max by (account, kind, state) ({IDENTITIES})"},
            "short",
        ),
        Lines(
            "Unmanaged identities",
            "By severity: critical may change rights. status.inventory names the worst ones.",
            {
                "{{account}} {{kind}} {{severity}}": (
                    f"max by (account, kind, severity) ({UNMANAGED})"
                )
            },
            "short",
        ),
        Bars(
            "Findings of the rules",
            "Objects by rule; docs/reference/rules.md explains each.",
            {"{{rule}} {{severity}}": f"count by (rule, severity) ({FINDINGS})"},
            "short",
        ),
        Stat(
            "Managed share",
            "Of identities that somebody has to manage: not of what the platform keeps, nor of what"
            " is ignored.",
            {"{{account}}": SHARE},
            "percentunit",
            12,
        ),
        Lines(
            "Unmanaged roles that outsiders may assume",
            "Accounts and identity providers that the RamAccount does not trust.",
            {"{{account}}": f"max by (account) ({OUTSIDE})"},
            "short",
        ),
        Lines(
            "Unused users",
            "Logged on once, and then not for 90 days.",
            {"{{account}}": f"max by (account) ({UNUSED})"},
            "short",
        ),
    ),
)
COST: Final = Row(
    "Cost in calls",
    (
        Lines(
            "Calls by service",
            "All that the operator sends to the cloud.",
            {"{{service}}": BY_SERVICE},
            "reqps",
            8,
        ),
        Lines(
            "Calls by action",
            "The ten most frequent.",
            {"{{action}}": f"topk(10, sum by (action) ({CALLS}))"},
            "reqps",
            8,
        ),
        Lines(
            "Calls that failed",
            "By the family of the answer; NotFound is often an answer as good as any.",
            {"{{result}}": f"sum by (result) ({FAILED})"},
            "reqps",
            8,
        ),
        Lines(
            "Calls per identity and hour",
            "Managed or not.",
            {"{{account}}": PER_IDENTITY},
            "short",
            8,
        ),
        Lines(
            "Throttled",
            "Share of the calls that the cloud refused for their rate.",
            {"{{account}}": f"sum by (account) ({THROTTLED}) / sum by (account) ({CALLS})"},
            "percentunit",
            8,
            bad=0.1,
        ),
        Lines(
            "Duration of calls, 99 of 100",
            "By action, the five slowest; without the wait for a turn.",
            {"{{action}}": f"topk(5, {slow('action', 'cloud_request')})"},
            "s",
            8,
        ),
    ),
)
LOOKS: Final = Row(
    "Age of looks",
    (
        Lines(
            "Of the account as a whole",
            "By class of what is looked at.",
            {"{{account}} {{class}}": f"max by (account, class) ({AGE})"},
            "s",
            8,
        ),
        Lines(
            "Of objects",
            "Seconds since they were compared with the cloud.",
            {"oldest": f"max(time() - {LOOKED})", "median": f"quantile(0.5, time() - {LOOKED})"},
            "s",
            8,
        ),
        Table(
            "Lists that fail",
            "So long the operator is blind there.",
            {"": f"max by (account, class, reason) ({FAILING})"},
            "short",
            8,
        ),
        Table(
            "Objects that are looked at late",
            "Their age as a multiple of their interval; from four on there is an alert.",
            {"": f"topk(20, max by ({WHO}) ((time() - {LOOKED}) / {INTERVAL}))"},
            "short",
            24,
        ),
    ),
)
ROWS: Final = (NOW, FLEET, PEOPLE, DRIFTS, INVENTORY, COST, LOOKS, GATE, OPERATOR)
