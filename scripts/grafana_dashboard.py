"""Writes the Grafana dashboard from dashboard_rows.py; --check only says whether it is old.

Called by people after a change of a panel or a metric, and by the tests. Writes the same JSON to
deploy/monitoring and into the component `dashboard`, since kustomize reads no file from outside a
folder that is handed out alone.
"""

from __future__ import annotations

import json
import sys
from typing import Final

from dashboard_panels import SOURCE, built
from dashboard_queries import ACCOUNT
from dashboard_rows import ROWS
from generated import ROOT, main_of
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

TARGETS: Final = (
    ROOT / "deploy" / "monitoring" / "dashboard.json",
    ROOT / "deploy" / "kustomize" / "components" / "dashboard" / "ram-operator.json",
)


def _variables() -> list[object]:
    def asked(name: str, label: str, query: str) -> object:
        variable = dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(query)
        variable = variable.multi(True).include_all(True).all_value(".*")
        variable = variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        return variable.sort(VariableSort.ALPHABETICAL_ASC)

    condition = "ram_operator_resource_condition"
    managed = f'{condition}{{{ACCOUNT},kind!="RamAccount"}}'
    return [
        dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        asked("account", "Account", f"label_values({condition}, account)"),
        asked("namespace", "Namespace", f"label_values({managed}, resource_namespace)"),
    ]


def rendered() -> str:
    """The dashboard as Grafana takes it."""
    made = built("RAM operator", ROWS, _variables())
    return json.dumps(made, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.exit(main_of(__doc__, lambda: dict.fromkeys(TARGETS, rendered()), "make dashboard"))
