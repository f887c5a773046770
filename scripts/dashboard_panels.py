"""What a panel of the dashboard is, and how Grafana draws it. Knows no metric.

Called by grafana_dashboard.py, which says what the panels show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH: Final = 24
_BASE: Final = "green"


@dataclass(frozen=True)
class Panel:
    """One panel. `queries` are pairs of legend and expression; `bad` is the value from which on it
    is red, where there is one, or for stats of which less is bad, `good`.
    """

    title: str
    about: str
    queries: Mapping[str, str]
    unit: str
    width: int = 0
    bad: float | None = None
    good: float | None = None
    words: Mapping[str, str] | None = None
    """Of a value: what is shown in its place."""
    smallest_first: bool = False


class Stat(Panel):
    """One number now."""

    height, usual = 4, 3


class Lines(Panel):
    """Over time."""

    height, usual = 8, 12


class Bars(Panel):
    """Several numbers now."""

    height, usual = 8, 12


class Table(Panel):
    """Rows of labels and one value now."""

    height, usual = 8, 12


@dataclass(frozen=True)
class Row:
    """Panels below one title."""

    title: str
    panels: tuple[Panel, ...]


def built(title: str, rows: Iterable[Row], variables: Iterable[Any]) -> models.Dashboard:
    """The dashboard: rows one below the other, panels from the left to the right."""
    made = dashboard.Dashboard(title).uid("ram-operator").tags(["ram-operator"]).readonly()
    made = made.refresh("1m").time("now-6h", "now").tooltip(models.DashboardCursorSync.CROSSHAIR)
    made = made.variables(list(variables))
    number = 0
    for row in rows:
        number += 1
        made = made.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            made = made.with_panel(_drawn(panel).id(number))
    return made.build()


def _drawn(panel: Panel) -> Any:
    builder = {Stat: _stat, Lines: _lines, Bars: _bars, Table: _table}[type(panel)](panel)
    builder = builder.title(panel.title).description(panel.about).datasource(SOURCE)
    builder = builder.unit(panel.unit).height(panel.height).span(panel.width or panel.usual)
    if panel.words:
        results = {
            value: models.ValueMappingResult(text=text, index=place)
            for place, (value, text) in enumerate(panel.words.items())
        }
        builder = builder.mappings([models.ValueMap(options=results)])
    return builder.thresholds(_thresholds(panel))


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=_BASE)]
    if panel.bad is not None:
        steps.append(models.Threshold(value=panel.bad, color="red"))
    if panel.good is not None:
        steps = [
            models.Threshold(value=None, color="red"),
            models.Threshold(value=panel.good, color=_BASE),
        ]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _targets(panel: Panel, builder: Any, *, now: bool) -> Any:
    for letter, (legend, expression) in zip("ABCDEF", panel.queries.items(), strict=False):
        query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(letter)
        query = query.datasource(SOURCE)
        if isinstance(panel, Table):
            query = query.format(PromQueryFormat.TABLE)
        builder = builder.with_target(query.instant() if now else query.range())
    return builder


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _stat(panel: Panel) -> Any:
    builder = stat.Panel().reduce_options(_last())
    builder = builder.graph_mode(common_models.BigValueGraphMode.NONE)
    return _targets(panel, builder, now=True)


def _lines(panel: Panel) -> Any:
    legend = common.VizLegendOptions().show_legend(True).calcs(["lastNotNull"])
    legend = legend.display_mode(common_models.LegendDisplayMode.TABLE)
    legend = legend.placement(common_models.LegendPlacement.RIGHT)
    builder = timeseries.Panel().legend(legend).fill_opacity(10).line_width(1).min(0)
    many = common_models.TooltipDisplayMode.MULTI
    builder = builder.tooltip(common.VizTooltipOptions().mode(many))
    return _targets(panel, builder, now=False)


def _bars(panel: Panel) -> Any:
    builder = bargauge.Panel().reduce_options(_last()).min(0)
    builder = builder.orientation(common_models.VizOrientation.HORIZONTAL)
    builder = builder.display_mode(common_models.BarGaugeDisplayMode.BASIC)
    return _targets(panel, builder, now=True)


def _table(panel: Panel) -> Any:
    builder = table.Panel().filterable(True)
    tidy = models.DataTransformerConfig(
        id_val="organize", options={"excludeByName": {"Time": True, "__name__": True}}
    )
    order = models.DataTransformerConfig(
        id_val="sortBy", options={"sort": [{"field": "Value", "desc": not panel.smallest_first}]}
    )
    return _targets(panel, builder, now=True).transformations([order, tidy])
