"""What the dashboard shows of the gate, its guard and the operator. Used by dashboard_rows.py."""

from __future__ import annotations

from typing import Final

from dashboard_panels import Lines, Row
from dashboard_queries import RATE, SLOW, hourly, rate, slow

GATE: Final = Row(
    "Gate and guard",
    (
        Lines(
            "Decisions per hour",
            "Of the gate: what a person agreed on, what needed nobody, what is held.",
            {"{{kind}} {{verdict}}": hourly("kind, verdict", "gate_decisions")},
            "short",
            8,
        ),
        Lines(
            "The guard",
            "Reduced: the policies for an older Kubernetes. Unguarded: by a flag.",
            {
                "guarded": "min(ram_operator_approvals_guarded)",
                "reduced": "max(ram_operator_guard_reduced)",
                "unguarded": "max(ram_operator_unguarded_approvals)",
            },
            "bool_on_off",
            8,
        ),
        Lines(
            "Probes of the guard per hour",
            "Rehearsed approvals, by what became of them.",
            {"{{kind}} {{result}}": hourly("kind, result", "guard_probes")},
            "short",
            8,
        ),
    ),
)
OPERATOR: Final = Row(
    "The operator itself",
    (
        Lines(
            "Queue",
            "Objects that wait for a worker, and those that are worked on.",
            {
                "waiting": "sum(ram_operator_queue_depth)",
                "worked on": "sum(ram_operator_reconcile_active)",
            },
            "short",
            8,
        ),
        Lines(
            "Passes",
            "Over objects, by result.",
            {"{{kind}} {{result}}": rate("kind, result", "reconcile") + " > 0"},
            "ops",
            8,
        ),
        Lines(
            "Duration of passes, 99 of 100",
            "With all calls and the wait for their turn.",
            {
                "{{kind}}": slow("kind", "reconcile"),
                "longest now": "max(ram_operator_longest_pass_seconds)",
            },
            "s",
            8,
        ),
        Lines(
            "Writes to the API server",
            "By what was written.",
            {"{{what}}": rate("what", "cluster_writes")},
            "wps",
            8,
        ),
        Lines(
            "Who makes others wait",
            "Processor time of slow passes, by object.",
            {"{{kind}} {{resource_namespace}}/{{resource_name}}": f"topk(10, {SLOW})"},
            "percentunit",
            8,
        ),
        Lines(
            "Processor",
            "Of each replica; 100 % is one processor.",
            {"{{instance}}": f'rate(process_cpu_seconds_total{{job="ram-operator"}}{RATE})'},
            "percentunit",
            8,
        ),
        Lines(
            "Memory",
            "Of each replica.",
            {"{{instance}}": 'process_resident_memory_bytes{job="ram-operator"}'},
            "bytes",
            8,
        ),
        Lines(
            "Leading",
            "1 for the replica that works.",
            {"{{instance}}": "ram_operator_leader"},
            "bool_on_off",
            8,
        ),
        Lines(
            "Versions",
            "Replicas by version.",
            {"{{version}}": "count by (version) (ram_operator_build_info)"},
            "short",
            8,
        ),
    ),
)
