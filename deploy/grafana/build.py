"""Writes `dashboards/*.json` from `dashboards.py`: `make dashboards`."""

from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as dashboard_models

from deploy.grafana.dashboards import DASHBOARDS, Dashboard, Panel

FOLDER = Path(__file__).parent / "dashboards"
COLUMNS, HEIGHT, STAT_HEIGHT = 24, 7, 4
SOURCE = dashboard_models.DataSourceRef(type_val="prometheus", uid="${datasource}")


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in DASHBOARDS.items():
        (FOLDER / f"{name}.json").write_text(encoded(page), encoding="utf-8")


def encoded(page: Dashboard) -> str:
    """Grafana's JSON of one page."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(_page(page).build()) + "\n"


def _page(page: Dashboard) -> grafana.Dashboard:
    built = (
        grafana.Dashboard(page.title)
        .uid(page.uid)
        .description(page.about)
        .tags(["vigil"])
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .with_variable(grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    top, number = 0, 0
    for title, panels in page.rows.items():
        number += 1
        built = built.with_row(grafana.Row(title).id(number).grid_pos(_place(0, top, COLUMNS, 1)))
        top, left, height = top + 1, 0, 0
        for panel in panels:
            if left + panel.width > COLUMNS:
                top, left = top + height, 0
            height = STAT_HEIGHT if panel.kind == "stat" else HEIGHT
            number += 1
            built = built.with_panel(_panel(panel, number).grid_pos(_place(left, top, panel.width, height)))
            left += panel.width
        top += height
    return built


def _place(x: int, y: int, width: int, height: int) -> dashboard_models.GridPos:
    return dashboard_models.GridPos(x=x, y=y, w=width, h=height)


def _panel(panel: Panel, number: int) -> Any:
    built = _kind(panel).title(panel.title).description(panel.about).id(number).datasource(SOURCE)
    for place, (legend, query) in enumerate(panel.queries.items()):
        target = prometheus.Dataquery().expr(query).legend_format(legend).ref_id(chr(ord("A") + place))
        target = target.format("heatmap") if panel.kind == "heatmap" else target
        built = built.with_target(target.instant() if panel.kind == "stat" else target.range())
    return built


def _kind(panel: Panel) -> Any:
    if panel.kind == "stat":
        reduced = common.ReduceDataOptions().calcs(["lastNotNull"])
        return stat.Panel().unit(panel.unit).reduce_options(reduced)
    if panel.kind == "heatmap":
        return heatmap.Panel().calculate(False)
    lines = timeseries.Panel().unit(panel.unit).min(0).line_width(1).fill_opacity(10)
    if panel.kind == "stacked":
        stacked = common.StackingConfig().mode(models.StackingMode.NORMAL)
        lines = lines.stacking(stacked).fill_opacity(40)
    return lines


if __name__ == "__main__":
    main()
