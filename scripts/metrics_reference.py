"""Writes docs/reference/metrics.md from the registry; --check only says whether it is old.

Called by people after a change of a metric and by the tests. Adds no word about a metric that the
metric does not have itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from generated import ROOT, main
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from ram_operator.observability.metrics import Metrics

PAGE = ROOT / "docs" / "reference" / "metrics.md"
_SUFFIX = {"counter": "_total"}
_INTRODUCTION = """\
# Metrics of the operator

Written by `scripts/metrics_reference.py` from the code: edit that, not this page. The operator
serves them at `/metrics` of `--metrics-address`. A series with the labels `resource_namespace` and
`resource_name` belongs to one object and goes when the object goes. No label ever holds a user
name, an ARN, an error text or a digest. A histogram has the series `_bucket`, `_sum` and `_count`.
Those of the process and the platform (`process_…`, `python_info`) are there too.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page as Markdown."""
    return _INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    # The library has no public way to ask for the labels of what has no series yet.
    labels: dict[str, tuple[str, ...]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (described,) = metric.describe()
            labels[described.name] = tuple(metric._labelnames)
    for found in sorted(registry.collect(), key=lambda found: found.name):
        names = labels.get(found.name) or getattr(found, "_labelnames", ())
        names = names or tuple(found.samples[0].labels if found.samples else ())
        listed = ", ".join(f"`{name}`" for name in names)
        name = found.name + _SUFFIX.get(found.type, "")
        yield f"| `{name}` | {found.type} | {listed} | {found.documentation} |\n"


if __name__ == "__main__":
    sys.exit(
        main(
            __doc__,
            PAGE,
            page,
            "python scripts/metrics_reference.py",
        )
    )
