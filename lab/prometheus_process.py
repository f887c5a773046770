"""A running Prometheus: what it scrapes, what it says. Ends with whoever started it."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from lab import monitoring
from lab.processes import Child, free_port, log_tail
from lab.waiting import Deadline

Json = dict[str, Any]
Labels = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    child: Child
    port: int

    @classmethod
    def start(
        cls, directory: Path, targets: Iterable[int] = (), groups: Iterable[Json] = ()
    ) -> Prometheus:
        """Scrapes these ports of 127.0.0.1 each second, under these groups of rules."""
        (directory / "rules.yaml").write_text(yaml.safe_dump({"groups": list(groups)}))
        job = {
            "job_name": "ram-operator",
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "static_configs": [{"targets": [f"127.0.0.1:{target}" for target in targets]}],
        }
        config = directory / "prometheus.yaml"
        config.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "scrape_configs": [job]}))
        port = free_port()
        command: list[str | Path] = [
            monitoring.find_or_build().prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        return cls(Child.start("prometheus", command, directory / "prometheus.log"), port)

    def ask(self, what: str, **query: str) -> Any:
        """The data of an answer. Raises OSError, also for what Prometheus does not understand."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            return json.load(reply)["data"]

    def ready(self) -> None:
        """Wait until it answers."""
        self._until(lambda: self._answers() or None, "an answer")

    def _answers(self) -> bool:
        try:
            return bool(self.ask("status/buildinfo"))
        except OSError:
            return False

    def parsed(self, expression: str) -> Json:
        """The tree of an expression."""
        return dict(self.ask("parse_query", query=expression))

    def values(self, expression: str) -> list[tuple[Labels, float]]:
        """The series of an expression now."""
        found = self.ask("query", query=expression)
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(each["metric"], float(each["value"][1])) for each in found["result"]]

    def wait_for(self, expression: str) -> list[tuple[Labels, float]]:
        """The series of an expression, once there are any."""
        return self._until(lambda: self.values(expression) or None, expression)

    def alerts(self, state: str = "firing") -> list[Labels]:
        """The labels of the alerts in a state; none while it does not answer yet."""
        try:
            found = self.ask("alerts")["alerts"]
        except OSError:
            return []
        return [dict(each["labels"]) for each in found if each["state"] == state]

    def wait(
        self, until: Callable[[list[Labels]], bool], what: str, state: str = "firing"
    ) -> list[Labels]:
        """The alerts in a state, once `until` holds of them."""

        def found() -> list[Labels] | None:
            alerts = self.alerts(state)
            return alerts if until(alerts) else None

        return self._until(found, what)

    def _until(self, found: Callable[[], T | None], what: str) -> T:
        deadline = Deadline()
        while not deadline.over:
            if (value := found()) is not None:
                return value
            assert self.child.running, log_tail(self.child.log)
            time.sleep(0.2)
        raise AssertionError(f"{what} did not come; firing: {self.alerts()}")


def about(alerts: Iterable[Mapping[str, str]], alert: str, name: str = "") -> list[Labels]:
    """Those of one object, or of none."""
    return [
        dict(each)
        for each in alerts
        if each["alertname"] == alert and each.get("resource_name", "") == name
    ]
