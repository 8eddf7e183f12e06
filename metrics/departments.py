"""市直单位组: departments by organ, beside the counties and never mixed with them; no composite score.

Departments have no region of their own: they are the root, broken down by organ_code.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from data_access.regions import Region
from metrics.core.period import Grain, Period, bucket_start
from metrics.core.query import Query
from metrics.core.scheme import LEDGER_METRIC
from metrics.core.scoring import Evaluate

GROUP = "dept_group"
_RATES = {"reply": "reply_on_time_rate", "orders": "orders_on_time_rate"}
_KEY = ["period", "organ_code"]


def departments(
    organs: pl.DataFrame, root: Region, period: Period, evaluate: Evaluate, grain: Grain = Grain.total
) -> pl.DataFrame:
    """One row per bucket and organ of the group, sorted by period and organ_code, also where nothing happened.

    Columns: period, organ_code, name (null for an organ that rpt.organ does not know), points (final points of the
    departments' ledger), then for ``reply`` and ``orders`` each: reply_on_time, reply_due, reply_on_time_rate (null where
    nothing was due), reply_state (as of an observation). A last row without organ_code holds the points that name no organ,
    if there are any. ``organs``: the store's; ``evaluate``: with the scope of the viewer, who must see the root. Raises
    Forbidden.
    """
    asked = Query((LEDGER_METRIC,), root.code, root.level, period, grain, ("organ_code",))
    points = evaluate(replace(asked, where=(("assess_group", (GROUP,)),))).select(*_KEY, points=pl.col("value"))
    known = organs.filter(assess_group=GROUP).select("organ_code", "name")
    members = pl.concat([known.select("organ_code"), points.select("organ_code")]).unique()
    starts = [bucket_start(bucket.start, grain) for bucket in period.buckets(grain)]
    table = (
        pl.DataFrame({"period": starts}, schema={"period": pl.Date})
        .join(members, how="cross")
        .join(known, on="organ_code", how="left")
        .join(points, on=_KEY, how="left", nulls_equal=True)
        .with_columns(pl.col("points").fill_null(0.0))
    )
    for prefix, key in _RATES.items():
        table = _with_rate(table, prefix, evaluate(replace(asked, metrics=(key,))))
    return table.sort(_KEY, nulls_last=True)


def _with_rate(table: pl.DataFrame, prefix: str, observed: pl.DataFrame) -> pl.DataFrame:
    """With the four columns of one rate; an item without an organ is no department's and stays away."""
    columns = {"on_time": "numerator", "due": "denominator", "on_time_rate": "value", "state": "state"}
    own = observed.select(*_KEY, **{f"{prefix}_{name}": pl.col(column) for name, column in columns.items()})
    return table.join(own, on=_KEY, how="left").with_columns(
        pl.col(f"{prefix}_on_time", f"{prefix}_due").fill_null(0), pl.col(f"{prefix}_state").fill_null("undefined")
    )
