"""Draws what a Prometheus answers to the panels of the dashboard, one picture for each row:

    python scripts/dashboard_pictures.py http://127.0.0.1:9090 FOLDER MINUTES [ROW…]

For whoever changes a panel and wants to see it, and for the pictures in docs. It is not what
Grafana draws, but the same data in the same places and units.
"""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from generated import ROOT

mpl.use("agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter

Json = dict[str, Any]
DASHBOARD = ROOT / "deploy" / "monitoring" / "dashboard.json"
CELL = 0.62
"""Inches of one unit of Grafana's grid, sideways; of its height half of it."""
MOST = 8
"""Rows of a table or lines of a legend that find room."""
_UNITS: Mapping[str, Callable[[float], str]] = {
    "s": lambda v: f"{v:.3g} s" if abs(v) < 120 else f"{v / 60:.3g} min",
    "percentunit": lambda v: f"{v:.3g}".rstrip() if v != v else f"{100 * v:.3g} %",
    "bytes": lambda v: f"{v / 1048576:.0f} MiB",
    "bool_on_off": lambda v: "on" if v else "off",
    "reqps": lambda v: f"{v:.3g}/s",
    "ops": lambda v: f"{v:.3g}/s",
    "wps": lambda v: f"{v:.3g}/s",
}


@dataclass(frozen=True)
class Source:
    """A Prometheus, and how many seconds back it is asked for."""

    url: str
    seconds: float

    def ask(self, expression: str, *, over_time: bool) -> list[Json]:
        for name in ("account", "namespace"):
            expression = expression.replace(f"${name}", ".*")
        query = {"query": expression.replace("$__rate_interval", "1m")}
        if over_time:
            now = time.time()
            step = max(self.seconds / 200, 1.0)
            query |= {"start": str(now - self.seconds), "end": str(now), "step": str(step)}
        what = "query_range" if over_time else "query"
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310
            return list(json.load(reply)["data"]["result"])


def shown(value: float, panel: Json) -> str:
    """In the unit of the panel, or in its words."""
    defaults = panel["fieldConfig"]["defaults"]
    for mapping in defaults.get("mappings") or ():
        word = mapping["options"].get(f"{value:g}")
        if word:
            return str(word["text"])
    return _UNITS.get(defaults["unit"], lambda v: f"{v:.4g}")(value)


def _legend(form: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), form)


def _colour(value: float, panel: Json) -> str:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return {"green": "tab:green", "red": "tab:red"}[reached[-1]]


def _stat(axes: Axes, panel: Json, source: Source) -> None:
    axes.axis("off")
    found = source.ask(panel["targets"][0]["expr"], over_time=False)
    value = float(found[0]["value"][1]) if found else None
    text = "no data" if value is None else shown(value, panel)
    colour = "grey" if value is None else _colour(value, panel)
    size = 22 if len(text) < 8 else 14
    axes.text(0.5, 0.45, text, fontsize=size, color=colour, ha="center", va="center")


def _lines(axes: Axes, panel: Json, source: Source) -> None:
    for target in panel["targets"]:
        for each in source.ask(target["expr"], over_time=True)[:MOST]:
            at = [datetime.fromtimestamp(float(when), UTC) for when, _ in each["values"]]
            values = [float(value) for _, value in each["values"]]
            name = _legend(target["legendFormat"], each["metric"])
            axes.plot(at, values, label=f"{name}: {shown(values[-1], panel)}", linewidth=1.2)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    axes.yaxis.set_major_formatter(lambda value, _: shown(value, panel))
    axes.tick_params(labelsize=6)
    axes.grid(visible=True, linewidth=0.3)
    if axes.lines:
        # Room for the legend.
        axes.set_ylim(0, max(axes.get_ylim()[1] * (1.1 + 0.07 * len(axes.lines)), 1e-9))
        axes.legend(fontsize=6, loc="upper left", framealpha=0.7)


def _bars(axes: Axes, panel: Json, source: Source) -> None:
    (target,) = panel["targets"]
    found = source.ask(target["expr"], over_time=False)[:MOST]
    names = [_legend(target["legendFormat"], each["metric"]) for each in found]
    values = [float(each["value"][1]) for each in found]
    bars = axes.barh(names, values, color="tab:green", height=0.5)
    axes.set_ylim(-0.75, max(len(names), 4) - 0.25)
    axes.bar_label(bars, [shown(value, panel) for value in values], fontsize=7)
    axes.tick_params(labelsize=7)
    axes.margins(x=0.15)


def _table(axes: Axes, panel: Json, source: Source) -> None:
    axes.axis("off")
    found = source.ask(panel["targets"][0]["expr"], over_time=False)
    (order,) = [each for each in panel["transformations"] if each["id"] == "sortBy"]
    down = bool(order["options"]["sort"][0]["desc"])
    found.sort(key=lambda each: float(each["value"][1]), reverse=down)
    columns = sorted({name for each in found for name in each["metric"]} - {"__name__"})
    rows = [
        [each["metric"].get(name, "") for name in columns] + [shown(float(each["value"][1]), panel)]
        for each in found[:MOST]
    ]
    if not rows:
        axes.text(0, 0.85, "nothing", color="grey", fontsize=8)
        return
    drawn = axes.table(
        rows,
        colLabels=[*columns, "Value"],
        colLoc="left",
        loc="upper left",
        cellLoc="left",
        edges="horizontal",
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(6.5)
    drawn.auto_set_column_width(list(range(len(columns) + 1)))


_DRAWN = {"stat": _stat, "timeseries": _lines, "bargauge": _bars, "table": _table}


def picture(title: str, panels: list[Json], source: Source, path: Path) -> None:
    """One row of the dashboard as a picture."""
    top = min(panel["gridPos"]["y"] for panel in panels)
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    height = bottom - top
    figure = pyplot.figure(figsize=(24 * CELL, height * CELL * 0.55 + 0.3), dpi=80)
    share = 1 - 0.3 / figure.get_figheight()
    figure.suptitle(title, x=0.01, y=0.995, ha="left", fontsize=11, weight="bold")
    for panel in panels:
        place = panel["gridPos"]
        pad = (0.055, 0.03) if panel["type"] in ("timeseries", "bargauge") else (0.008, 0.008)
        pad = (0.11, 0.03) if panel["type"] == "bargauge" else pad
        left, low = place["x"] / 24, 1 - (place["y"] - top + place["h"]) / height
        box = (
            left + pad[0],
            (low + 0.25 / height * 2) * share,
            place["w"] / 24 - pad[0] - 0.012,
            (place["h"] - 1.6) / height * share,
        )
        axes = figure.add_axes(box)
        axes.set_title(panel["title"], fontsize=8.5, loc="left")
        _DRAWN[panel["type"]](axes, panel, source)
    figure.savefig(path)
    pyplot.close(figure)


def pictures(source: Source, folder: Path, wanted: list[str]) -> list[Path]:
    """The rows with these titles, or all; the files, in their order."""
    rows: list[tuple[str, list[Json]]] = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        if panel["type"] == "row":
            rows.append((panel["title"], []))
        else:
            rows[-1][1].append(panel)
    made = []
    for title, panels in rows:
        if wanted and title not in wanted:
            continue
        path = folder / f"{title.lower().replace(' ', '-')}.png"
        picture(title, panels, source, path)
        made.append(path)
    return made


if __name__ == "__main__":
    url, folder, minutes, *titles = sys.argv[1:]
    for path in pictures(Source(url, 60 * float(minutes)), Path(folder), titles):
        print(path)
